<?php
/**
 * Where the bank's page sends the buyer back: a POST from another site, without this site's cookies. All it has to
 * go by is the cres field.
 */

require __DIR__ . '/../src/bootstrap.php';

$payment = challenge_finish(text($_POST, 'cres'));
if (!$payment) {
    http_response_code(400);
    show_page('message', ['title' => 'Nothing to confirm', 'text' => 'This confirmation belongs to no payment we know.']);
}
redirect('/checkout.php?id=' . $payment['id']);
