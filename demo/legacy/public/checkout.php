<?php
/**
 * The hosted payment page. GET shows the card form, or how it ended; POST takes card[number], card[expiry][month] and
 * so on, and always ends in a 302.
 */

require __DIR__ . '/../src/bootstrap.php';

/** Takes the card and says where the buyer goes next. */
function pay(array $payment, array $card): string
{
    $back = '/checkout.php?id=' . $payment['id'];
    $problems = card_problems($card);
    if ($problems) {
        return $back . '&' . http_build_query(['wrong' => array_keys($problems)]);
    }
    $token = token_create($payment['merchant_id'], $card);
    execute('UPDATE payments SET token_id = ? WHERE id = ?', [$token['id'], $payment['id']]);
    $digits = card_digits($card['number']);
    if ($digits === CARD_CHALLENGE) {
        return '/acs.php?txn=' . challenge_start($payment['id']);
    }
    payment_settle($payment['id'], $digits === CARD_DECLINED ? 'card_declined' : null);
    return $back;
}

$payment = payment_find(text($_REQUEST, 'id'));
if (!$payment) {
    http_response_code(404);
    show_page('message', ['title' => 'Unknown payment', 'text' => 'This link is not valid, or not any more.']);
}
if (is_post()) {
    $open = in_array($payment['status'], ['pending', 'failed'], true);
    redirect($open ? pay($payment, map($_POST, 'card')) : '/checkout.php?id=' . $payment['id']);
}
show_page('checkout', [
    'title' => 'Pay ' . money($payment['amount'], $payment['currency']),
    'payment' => $payment,
    'merchant' => merchant_find($payment['merchant_id']),
    'wrong' => map($_GET, 'wrong'),
]);
