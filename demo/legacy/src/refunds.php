<?php
/** Money that goes back. */

function refunds_of(string $payment_id): array
{
    return fetch_all('SELECT * FROM refunds WHERE payment_id = ? ORDER BY created_at, id', [$payment_id]);
}

/** @return array the refund @throws Refusal when the payment has not that much to give back */
function refund_create(array $payment, mixed $amount, string $reason): array
{
    $rate = rate_find($payment['currency']);
    $amount = parse_amount($amount ?? $payment['amount'], $rate) ?? throw invalid(['amount' => 'invalid']);
    if (mb_strlen($reason) > 64) {
        throw invalid(['reason' => 'invalid']);
    }
    return transaction(function () use ($payment, $rate, $amount, $reason) {
        $payment = payment_find($payment['id']);
        if (!in_array($payment['status'], ['captured', 'partially_refunded'], true)) {
            throw new Refusal(409, 'wrong_status', "A payment that is {$payment['status']} cannot be refunded.");
        }
        $left = format_amount($payment['amount'] - (float) payment_refunded($payment), $rate);
        if ($amount > $left) {
            throw new Refusal(409, 'too_much', "Only $left {$payment['currency']} are left to refund.");
        }
        $refund = [
            'id' => new_id('ref'),
            'payment_id' => $payment['id'],
            'amount' => $amount,
            'reason' => $reason === '' ? 'requested_by_customer' : $reason,
            'status' => 'succeeded',
            'created_at' => now_text(),
        ];
        insert('refunds', $refund);
        $status = $amount === $left ? 'refunded' : 'partially_refunded';
        execute('UPDATE payments SET status = ? WHERE id = ?', [$status, $payment['id']]);
        return $refund;
    });
}

function refund_json(array $refund): array
{
    return [
        'id' => $refund['id'],
        'payment' => $refund['payment_id'],
        'amount' => $refund['amount'],
        'reason' => $refund['reason'],
        'status' => $refund['status'],
        'created_at' => $refund['created_at'],
    ];
}

function api_refund_list(string $payment_id): never
{
    $payment = own_payment(api_merchant(), $payment_id);
    send_json(['data' => array_map('refund_json', refunds_of($payment['id']))]);
}

function api_refund_show(string $id): never
{
    $merchant = api_merchant();
    $refund = fetch_one(
        'SELECT r.* FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.id = ? AND p.merchant_id = ?',
        [$id, $merchant['id']],
    );
    send_json(refund_json($refund ?? throw not_found('refund')));
}

function api_refund_create(string $payment_id): never
{
    $payment = own_payment(api_merchant(), $payment_id);
    $input = api_input();
    $refund = refund_create($payment, $input['amount'] ?? null, text($input, 'reason'));
    header('Location: /api/refunds/' . $refund['id']);
    send_json(refund_json($refund), 201);
}
