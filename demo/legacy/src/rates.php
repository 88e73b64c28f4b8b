<?php
/** What a payment costs the merchant. */

function rate_find(string $currency): ?array
{
    return fetch_one('SELECT * FROM rates WHERE currency = ?', [$currency]);
}

/** 19.9 in EUR is "19.90", 1200 in JPY is "1200". */
function format_amount(float|string $amount, array $rate): string
{
    return number_format((float) $amount, (int) $rate['decimals'], '.', '');
}

function fee_for(string $amount, array $rate): string
{
    $fee = $amount * $rate['percent'] / 100 + $rate['fixed'];
    return format_amount(round($fee, (int) $rate['decimals']), $rate);
}

/** The amount in the currency's own form, or null: digits, a point, no more decimals than the currency has. */
function parse_amount(mixed $amount, array $rate): ?string
{
    if (!is_string($amount) && !is_int($amount) && !is_float($amount)) {
        return null;
    }
    $decimals = (int) $rate['decimals'];
    if (!preg_match('/^\d{1,9}(?:\.(\d{1,2}))?$/D', (string) $amount, $found)) {
        return null;
    }
    if (strlen($found[1] ?? '') > $decimals || (float) $amount <= 0) {
        return null;
    }
    return format_amount((string) $amount, $rate);
}

function api_rates(): never
{
    $rates = fetch_all('SELECT currency, percent, fixed, decimals FROM rates ORDER BY currency');
    foreach ($rates as &$rate) {
        $rate['percent'] = (float) $rate['percent'];
    }
    send_json(['base' => 'EUR', 'rates' => $rates, 'surcharges' => []]);
}

function api_rate_fee(string $currency): never
{
    $rate = rate_find($currency) ?? throw not_found('currency');
    $amount = parse_amount(text($_GET, 'amount'), $rate) ?? throw invalid(['amount' => 'invalid']);
    send_json([
        'currency' => $rate['currency'],
        'amount' => $amount,
        'percent' => (float) $rate['percent'],
        'fixed' => $rate['fixed'],
        'fee' => fee_for($amount, $rate),
    ]);
}
