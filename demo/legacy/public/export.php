<?php
/** The month's payments as the spreadsheet of the accountant wants them: semicolons, a BOM, decimal commas. */

require __DIR__ . '/../src/bootstrap.php';

$user = require_login();
$month = text($_GET, 'month');
$payments = fetch_all(
    "SELECT * FROM payments WHERE merchant_id = ? AND created_at LIKE ? || '%' ORDER BY created_at, id",
    [$user['merchant_id'], preg_match('/^\d{4}-\d\d$/D', $month) ? $month : ''],
);

header('Content-Type: text/csv; charset=UTF-8');
header('Content-Disposition: attachment; filename="payments-' . ($month ?: 'all') . '.csv"');
$out = fopen('php://output', 'w');
fwrite($out, "\xEF\xBB\xBF");
fputcsv($out, ['id', 'reference', 'created', 'status', 'currency', 'amount', 'fee', 'description'], ';');
foreach ($payments as $payment) {
    fputcsv($out, [
        $payment['id'],
        $payment['reference'],
        $payment['created_at'],
        $payment['status'],
        $payment['currency'],
        str_replace('.', ',', $payment['amount']),
        str_replace('.', ',', $payment['fee']),
        $payment['description'],
    ], ';');
}
