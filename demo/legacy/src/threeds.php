<?php
/** The card holder's bank asks for a confirmation (3-D Secure), and the browser brings the answer back. */

function uuid(): string
{
    $hex = bin2hex(random_bytes(16));
    return implode('-', [substr($hex, 0, 8), substr($hex, 8, 4), substr($hex, 12, 4), substr($hex, 16, 4), substr($hex, 20)]);
}

function base64url_encode(string $raw): string
{
    return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
}

function base64url_decode(string $text): string|false
{
    return base64_decode(strtr($text, '-_', '+/'), true);
}

function challenge_start(string $payment_id): string
{
    $id = uuid();
    execute("UPDATE payments SET status = 'challenge', threeds_id = ? WHERE id = ?", [$id, $payment_id]);
    return $id;
}

/** What the bank's page posts back: base64url of a JSON object, as EMV 3-D Secure has it. */
function cres_encode(string $threeds_id, bool $confirmed): string
{
    return base64url_encode(json_encode([
        'threeDSServerTransID' => $threeds_id,
        'messageType' => 'CRes',
        'messageVersion' => '2.2.0',
        'transStatus' => $confirmed ? 'Y' : 'N',
    ]));
}

/** @return ?array the payment that was waiting for this answer, moved on; null if the answer fits none */
function challenge_finish(string $cres): ?array
{
    $answer = json_decode((string) base64url_decode($cres), true);
    if (!is_array($answer) || ($answer['messageType'] ?? '') !== 'CRes') {
        return null;
    }
    $payment = fetch_one('SELECT * FROM payments WHERE threeds_id = ?', [text($answer, 'threeDSServerTransID')]);
    if ($payment && $payment['status'] === 'challenge') {
        payment_settle($payment['id'], text($answer, 'transStatus') === 'Y' ? null : 'challenge_failed');
    }
    return $payment;
}
