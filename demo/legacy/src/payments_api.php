<?php
/** The JSON endpoints of payments. */

/** Whoever knows the id may look: the shop's success page reads it without a key. */
function api_payment_show(string $id): never
{
    send_json(payment_json(payment_find($id) ?? throw not_found('payment')));
}

function api_payment_list(): never
{
    $merchant = api_merchant();
    $statuses = array_filter((array) ($_GET['status'] ?? []), 'is_string');
    if (array_diff($statuses, PAYMENT_STATUSES)) {
        throw invalid(['status' => 'invalid']);
    }
    $page = max(1, (int) text($_GET, 'page', '1'));
    $limit = min(100, max(1, (int) text($_GET, 'limit', '10')));
    $found = payment_page($merchant['id'], array_values($statuses), $page, $limit);
    send_json([
        'data' => array_map('payment_json', $found['rows']),
        'page' => $found['page'],
        'pages' => $found['pages'],
        'total' => $found['total'],
    ]);
}

function api_payment_create(): never
{
    $merchant = api_merchant();
    $payment = payment_create($merchant, payment_fields($merchant, api_input()));
    header('Location: /api/payments/' . $payment['id']);
    send_json(payment_json($payment), 201);
}

function api_payment_move(string $id, string $action): never
{
    $payment = own_payment(api_merchant(), $id);
    if (!payment_move($payment['id'], $action)) {
        throw new Refusal(409, 'wrong_status', "A payment that is {$payment['status']} cannot do $action.");
    }
    send_json(payment_json(payment_find($payment['id'])));
}

/** An empty list cannot be told from an empty map once json_decode() is through with it. */
function is_map(mixed $value): bool
{
    return is_array($value) && (!$value || !array_is_list($value));
}

/** The fields of a new payment, checked and in their stored form. @throws Refusal naming every bad field */
function payment_fields(array $merchant, array $input): array
{
    $currency = text($input, 'currency');
    $rate = rate_find($currency);
    $amount = $rate ? parse_amount($input['amount'] ?? null, $rate) : null;
    $reference = text($input, 'reference');
    $token = text($input, 'token');
    $installments = (int) (is_scalar($input['installments'] ?? null) ? $input['installments'] : 1);

    $problems = array_filter([
        'amount' => !isset($input['amount']) ? 'required' : ($rate && $amount === null ? 'invalid' : null),
        'currency' => $currency === '' ? 'required' : ($rate ? null : 'invalid'),
        'reference' => $reference === '' ? 'required' : (mb_strlen($reference) > 64 ? 'invalid' : null),
        'description' => mb_strlen(text($input, 'description')) > 255 ? 'invalid' : null,
        'installments' => $installments < 1 || $installments > 36 ? 'invalid' : null,
        'metadata' => is_map($input['metadata'] ?? []) ? null : 'invalid',
        'token' => $token === '' || (token_find($token)['merchant_id'] ?? null) === $merchant['id'] ? null : 'invalid',
    ]);
    if ($problems) {
        throw invalid($problems);
    }
    return [
        'amount' => $amount,
        'currency' => $currency,
        'reference' => $reference,
        'token' => $token === '' ? null : $token,
        'installments' => $installments,
        'description' => text($input, 'description'),
        'metadata' => map($input, 'metadata'),
    ];
}
