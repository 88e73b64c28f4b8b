<?php
/** Payments: found, listed, made, moved on. */

const PAYMENT_STATUSES = [
    'pending', 'challenge', 'authorised', 'captured', 'partially_refunded', 'refunded', 'disputed', 'cancelled', 'failed',
];

/** What may be done with a payment: action => status before => status after. */
const PAYMENT_MOVES = [
    'capture' => ['authorised' => 'captured'],
    'cancel' => ['pending' => 'cancelled', 'authorised' => 'cancelled'],
    'dispute' => ['captured' => 'disputed', 'partially_refunded' => 'disputed'],
];

function payment_find(string $id): ?array
{
    return fetch_one('SELECT * FROM payments WHERE id = ?', [$id]);
}

function own_payment(array $merchant, string $id): array
{
    $payment = payment_find($id);
    return $payment && $payment['merchant_id'] === $merchant['id'] ? $payment : throw not_found('payment');
}

/** One page of a merchant's payments, newest first. @return array{rows: array, total: string, pages: int, page: int} */
function payment_page(string $merchant_id, array $statuses, int $page, int $limit): array
{
    $where = 'merchant_id = ?';
    $values = [$merchant_id];
    if ($statuses) {
        $where .= ' AND status IN (' . implode(', ', array_fill(0, count($statuses), '?')) . ')';
        array_push($values, ...$statuses);
    }
    $total = fetch_one("SELECT COUNT(*) AS n FROM payments WHERE $where", $values)['n'];
    $rows = fetch_all(
        "SELECT * FROM payments WHERE $where ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
        [...$values, $limit, ($page - 1) * $limit],
    );
    return ['rows' => $rows, 'total' => $total, 'pages' => (int) ceil($total / $limit), 'page' => $page];
}

function payment_refunded(array $payment): string
{
    $refunds = fetch_all('SELECT amount FROM refunds WHERE payment_id = ?', [$payment['id']]);
    return format_amount(array_sum(array_column($refunds, 'amount')), rate_find($payment['currency']));
}

/** @param array $fields reference, amount and currency at least, as payment_problems() passed them */
function payment_create(array $merchant, array $fields): array
{
    $rate = rate_find($fields['currency']);
    $payment = [
        'id' => new_id('pay'),
        'merchant_id' => $merchant['id'],
        'token_id' => $fields['token'] ?? null,
        'reference' => $fields['reference'],
        'amount' => $fields['amount'],
        'currency' => $fields['currency'],
        'fee' => fee_for($fields['amount'], $rate),
        'status' => isset($fields['token']) ? 'authorised' : 'pending',
        'installments' => $fields['installments'] ?? 1,
        'description' => $fields['description'] ?? '',
        'metadata' => json_map($fields['metadata'] ?? []),
        'created_at' => now_text(),
    ];
    insert('payments', $payment);
    return payment_find($payment['id']);
}

/** Moves a payment on by one of PAYMENT_MOVES; false if it does not stand where that is possible. */
function payment_move(string $id, string $action): bool
{
    foreach (PAYMENT_MOVES[$action] as $from => $to) {
        $captured_at = $to === 'captured' ? now_text() : null;
        $moved = execute(
            'UPDATE payments SET status = ?, captured_at = COALESCE(?, captured_at) WHERE id = ? AND status = ?',
            [$to, $captured_at, $id, $from],
        );
        if ($moved) {
            return true;
        }
    }
    return false;
}

/** The payment as every integration since 2012 reads it: numbers from the database are strings, an empty map is []. */
function payment_json(array $payment): array
{
    $token = $payment['token_id'] ? token_find($payment['token_id']) : null;
    return [
        'id' => $payment['id'],
        'merchant' => $payment['merchant_id'],
        'reference' => $payment['reference'],
        'amount' => $payment['amount'],
        'currency' => $payment['currency'],
        'fee' => $payment['fee'],
        'status' => $payment['status'],
        'failure' => $payment['failure'],
        'installments' => $payment['installments'],
        'description' => $payment['description'],
        'metadata' => json_decode($payment['metadata'], true),
        'card' => $token ? [
            'token' => $token['id'],
            'brand' => $token['brand'],
            'last4' => $token['last4'],
            'expiry' => $token['expiry_month'] . '/' . $token['expiry_year'],
        ] : null,
        'refunded' => payment_refunded($payment),
        'created_at' => $payment['created_at'],
        'captured_at' => $payment['captured_at'],
        'links' => ['self' => '/api/payments/' . $payment['id'], 'pay' => '/pay/' . $payment['id']],
    ];
}

/** The end of a payment page: captured, or failed for a reason. */
function payment_settle(string $id, ?string $failure): void
{
    execute(
        'UPDATE payments SET status = ?, failure = ?, captured_at = ? WHERE id = ?',
        [$failure ? 'failed' : 'captured', $failure, $failure ? null : now_text(), $id],
    );
}
