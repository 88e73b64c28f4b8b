<?php
/** One payment in the back office, with the form that gives money back. */

require __DIR__ . '/../src/bootstrap.php';

$user = require_login();
$payment = payment_find(text($_REQUEST, 'payment'));
if (!$payment || $payment['merchant_id'] !== $user['merchant_id']) {
    http_response_code(404);
    show_page('message', ['title' => 'Unknown payment', 'text' => 'There is no such payment.', 'user' => $user]);
}
if (is_post()) {
    check_form_token();
    $refund = map($_POST, 'refund');
    try {
        $made = refund_create($payment, text($refund, 'amount'), text($refund, 'reason'));
        say('Refunded ' . money($made['amount'], $payment['currency']) . '.');
    } catch (Refusal $refusal) {
        say($refusal->getMessage(), 'bad');
    }
    redirect('/refund.php?payment=' . $payment['id']);
}
show_page('refund', [
    'title' => $payment['reference'],
    'user' => $user,
    'payment' => $payment,
    'token' => $payment['token_id'] ? token_find($payment['token_id']) : null,
    'refunded' => payment_refunded($payment),
    'refunds' => refunds_of($payment['id']),
    'evidence' => evidence_of($payment['id']),
]);
