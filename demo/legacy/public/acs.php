<?php
/**
 * Not ours: plays the card holder's bank. It asks, and hands the browser a form that goes back to threeds.php.
 */

require __DIR__ . '/../src/bootstrap.php';

$threeds_id = text($_REQUEST, 'txn');
$answer = text($_POST, 'answer');
show_page('bank', [
    'title' => 'Challenge Bank',
    'txn' => $threeds_id,
    'cres' => $answer === '' ? null : cres_encode($threeds_id, $answer === 'yes'),
]);
