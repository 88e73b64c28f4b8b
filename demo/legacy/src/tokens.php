<?php
/** The vault: a token stands for a card. Only the first six and last four digits are kept. */

function token_find(string $id): ?array
{
    return fetch_one('SELECT * FROM tokens WHERE id = ?', [$id]);
}

/** @param array $card as card_problems() passed it */
function token_create(string $merchant_id, array $card): array
{
    $digits = card_digits(text($card, 'number'));
    $token = [
        'id' => new_id('tok'),
        'merchant_id' => $merchant_id,
        'brand' => card_brand($digits),
        'bin' => substr($digits, 0, 6),
        'last4' => substr($digits, -4),
        'expiry_month' => text($card['expiry'], 'month'),
        'expiry_year' => text($card['expiry'], 'year'),
        'holder' => text($card, 'holder'),
        'fingerprint' => card_fingerprint($digits),
        'created_at' => now_text(),
    ];
    insert('tokens', $token);
    return $token;
}

function token_json(array $token): array
{
    return [
        'id' => $token['id'],
        'brand' => $token['brand'],
        'bin' => $token['bin'],
        'last4' => $token['last4'],
        'expiry' => ['month' => $token['expiry_month'], 'year' => $token['expiry_year']],
        'holder' => $token['holder'],
        'fingerprint' => $token['fingerprint'],
        'created_at' => $token['created_at'],
    ];
}

function api_token_show(string $id): never
{
    $merchant = api_merchant();
    $token = token_find($id);
    if (!$token || $token['merchant_id'] !== $merchant['id']) {
        throw not_found('token');
    }
    send_json(token_json($token));
}

function api_token_create(): never
{
    $merchant = api_merchant();
    $card = map(api_input(), 'card');
    $problems = card_problems($card);
    if ($problems) {
        throw invalid($problems);
    }
    $token = token_create($merchant['id'], $card);
    header('Location: /api/tokens/' . $token['id']);
    send_json(token_json($token), 201);
}
