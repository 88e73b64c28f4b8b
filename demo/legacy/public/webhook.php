<?php
/**
 * The card network tells what became of a payment. The signature is an HMAC over the body's bytes as they were sent,
 * so nothing on the way may rewrite them.
 */

require __DIR__ . '/../src/bootstrap.php';

const EVENT_MOVES = ['payment.captured' => 'capture', 'payment.cancelled' => 'cancel', 'payment.disputed' => 'dispute'];

function event_of(string $raw, string $signature): array
{
    $expected = 'sha256=' . hash_hmac('sha256', $raw, config('webhook_secret'));
    if (!hash_equals($expected, $signature)) {
        throw new Refusal(401, 'bad_signature', 'The signature does not fit the body.');
    }
    $event = json_decode($raw, true);
    if (!is_array($event) || text($event, 'id') === '' || !isset(EVENT_MOVES[text($event, 'type')])) {
        throw new Refusal(400, 'bad_event', 'The body must be an event with id, type and payment.');
    }
    return $event;
}

/** @return bool false if this event was applied before */
function apply_event(array $event, array $payment): bool
{
    return transaction(function () use ($event, $payment) {
        if (fetch_one('SELECT id FROM events WHERE id = ?', [$event['id']])) {
            return false;
        }
        insert('events', [
            'id' => $event['id'],
            'payment_id' => $payment['id'],
            'type' => $event['type'],
            'received_at' => now_text(),
        ]);
        payment_move($payment['id'], EVENT_MOVES[$event['type']]);
        return true;
    });
}

answer(function () {
    if (!is_post()) {
        header('Allow: POST');
        throw new Refusal(405, 'method_not_allowed', 'Events are posted.');
    }
    $event = event_of(file_get_contents('php://input'), $_SERVER['HTTP_X_PROVIDER_SIGNATURE'] ?? '');
    $payment = payment_find(text($event, 'payment')) ?? throw not_found('payment');
    send_json(['received' => true, 'duplicate' => !apply_event($event, $payment)]);
});
