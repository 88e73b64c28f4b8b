<?php
/** Merchants, as they see themselves. */

function merchant_find(string $id): ?array
{
    return fetch_one('SELECT * FROM merchants WHERE id = ?', [$id]);
}

/** The merchant of the path, if it is the caller. Another's id answers like one that does not exist. */
function own_merchant(string $id): array
{
    $caller = api_merchant();
    return $caller['id'] === $id ? $caller : throw not_found('merchant');
}

function api_merchant_show(string $id): never
{
    $merchant = own_merchant($id);
    send_json([
        'id' => $merchant['id'],
        'name' => $merchant['name'],
        'country' => $merchant['country'],
        'currency' => $merchant['currency'],
        'settings' => json_decode($merchant['settings'], true),
        'created_at' => $merchant['created_at'],
    ]);
}

function api_merchant_report(string $id): never
{
    $merchant = own_merchant($id);
    $month = text($_GET, 'month', now()->format('Y-m'));
    if (!preg_match('/^\d{4}-(0[1-9]|1[0-2])$/D', $month)) {
        throw invalid(['month' => 'invalid']);
    }
    send_json(report_of($merchant, $month));
}
