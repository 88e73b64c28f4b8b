<?php
/** The merchant's month in four figures, and the payments. */

require __DIR__ . '/../src/bootstrap.php';

$user = require_login();
$status = text($_GET, 'status');
$statuses = in_array($status, PAYMENT_STATUSES, true) ? [$status] : [];
$latest = fetch_one('SELECT MAX(created_at) AS at FROM payments WHERE merchant_id = ?', [$user['merchant_id']])['at'];
$month = text($_GET, 'month', substr($latest ?? now_text(), 0, 7));

show_page('dashboard', [
    'title' => 'Payments',
    'user' => $user,
    'month' => $month,
    'months' => array_column(fetch_all(
        'SELECT DISTINCT substr(created_at, 1, 7) AS month FROM payments WHERE merchant_id = ? ORDER BY month DESC',
        [$user['merchant_id']],
    ), 'month'),
    'report' => report_of($user['merchant'], $month),
    'status' => $status,
    'list' => payment_page($user['merchant_id'], $statuses, max(1, (int) text($_GET, 'page', '1')), 10),
]);
