<?php
/**
 * The first endpoint this gateway ever had.
 * GET payment.php?id=... answers the payment; a POST from a shop's order form makes one and sends the buyer on to pay it.
 */

require __DIR__ . '/../src/bootstrap.php';

/** order[reference], order[currency], order[items][0][price], order[items][0][quantity], ... */
function payment_from_order(array $merchant, array $order): array
{
    $rate = rate_find(text($order, 'currency', $merchant['currency']));
    $total = 0;
    foreach (map($order, 'items') as $item) {
        $item = (array) $item;
        $total += (float) text($item, 'price') * (int) text($item, 'quantity', '1');
    }
    return payment_create($merchant, payment_fields($merchant, [
        'amount' => $rate ? format_amount($total, $rate) : '0',
        'currency' => text($order, 'currency', $merchant['currency']),
        'reference' => text($order, 'reference'),
        'description' => implode(', ', array_filter(array_column(map($order, 'items'), 'name'), 'is_string')),
        'metadata' => map($order, 'meta'),
    ]));
}

answer(function () {
    if (!is_post()) {
        api_payment_show(text($_GET, 'id'));
    }
    $merchant = merchant_find(text($_POST, 'merchant')) ?? throw not_found('merchant');
    $payment = payment_from_order($merchant, map($_POST, 'order'));
    redirect('/pay/' . $payment['id']);
});
