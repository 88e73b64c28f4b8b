<?php
/** POST: a file for a disputed payment. GET ?id=: the file again, as it came. */

require __DIR__ . '/../src/bootstrap.php';

$user = require_login();
if (is_post()) {
    check_form_token();
    $payment = payment_find(text($_POST, 'payment'));
    if ($payment && $payment['merchant_id'] === $user['merchant_id']) {
        try {
            say(evidence_create($payment, $_FILES['file'] ?? null)['filename'] . ' was stored.');
        } catch (Refusal $refusal) {
            say($refusal->getMessage(), 'bad');
        }
    }
    redirect('/refund.php?payment=' . rawurlencode(text($_POST, 'payment')));
}

$evidence = fetch_one(
    'SELECT e.* FROM evidence e JOIN payments p ON p.id = e.payment_id WHERE e.id = ? AND p.merchant_id = ?',
    [text($_GET, 'id'), $user['merchant_id']],
);
if (!$evidence) {
    http_response_code(404);
    show_page('message', ['title' => 'Unknown file', 'text' => 'There is no such file.', 'user' => $user]);
}
header('Content-Type: application/octet-stream');
header("Content-Disposition: attachment; filename*=UTF-8''" . rawurlencode($evidence['filename']));
header('Content-Length: ' . $evidence['bytes']);
readfile(evidence_path($evidence['id']));
