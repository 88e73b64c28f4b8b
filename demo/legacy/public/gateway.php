<?php
/**
 * gateway.php?action=...: what integrations used before there was /api. The action may come in the query or in the form.
 */

require __DIR__ . '/../src/bootstrap.php';

$actions = [
    'ping' => fn () => send_json(['pong' => true, 'time' => now_text()]),
    'show' => fn () => api_payment_show(text($_REQUEST, 'id')),
    'list' => fn () => api_payment_list(),
    'capture' => fn () => api_payment_move(text($_POST, 'id'), 'capture'),
    'cancel' => fn () => api_payment_move(text($_POST, 'id'), 'cancel'),
];

answer(function () use ($actions) {
    $action = text($_REQUEST, 'action');
    if (!isset($actions[$action])) {
        throw new Refusal(400, 'unknown_action', 'The action must be one of ' . implode(', ', array_keys($actions)) . '.');
    }
    if (in_array($action, ['capture', 'cancel'], true) && !is_post()) {
        header('Allow: POST');
        throw new Refusal(405, 'method_not_allowed', "The action $action needs a POST.");
    }
    $actions[$action]();
});
