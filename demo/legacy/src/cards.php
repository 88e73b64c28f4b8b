<?php
/** Cards as they pass through. The number and the security code live in variables only, never in the database. */

const CARD_DECLINED = '4000000000000002';
const CARD_CHALLENGE = '4000000000003220';

function card_digits(string $number): string
{
    return preg_replace('/[ -]/', '', $number);
}

function luhn(string $digits): bool
{
    if (!preg_match('/^\d{13,19}$/', $digits)) {
        return false;
    }
    $sum = 0;
    foreach (str_split(strrev($digits)) as $place => $digit) {
        $value = $place % 2 ? $digit * 2 : (int) $digit;
        $sum += $value > 9 ? $value - 9 : $value;
    }
    return $sum % 10 === 0;
}

function card_brand(string $digits): string
{
    return match (true) {
        str_starts_with($digits, '4') => 'visa',
        preg_match('/^5[1-5]/', $digits) === 1 => 'mastercard',
        preg_match('/^3[47]/', $digits) === 1 => 'amex',
        str_starts_with($digits, '35') => 'jcb',
        default => 'other',
    };
}

/** Equal for equal numbers, and of no use without the key. */
function card_fingerprint(string $digits): string
{
    return substr(hash_hmac('sha256', $digits, config('vault_key')), 0, 16);
}

/**
 * What is wrong with a card that a person or a merchant typed in.
 *
 * @param array $card number, expiry[month], expiry[year], cvv, holder
 * @return array<string, string> field => required | invalid
 */
function card_problems(array $card): array
{
    $expiry = map($card, 'expiry');
    $month = text($expiry, 'month');
    $year = text($expiry, 'year');
    $checks = [
        'card.number' => [text($card, 'number'), luhn(card_digits(text($card, 'number')))],
        'card.expiry.month' => [$month, preg_match('/^(0[1-9]|1[0-2])$/', $month) === 1],
        'card.expiry.year' => [$year, preg_match('/^20\d\d$/', $year) && $year >= now()->format('Y')],
        'card.cvv' => [text($card, 'cvv'), preg_match('/^\d{3,4}$/', text($card, 'cvv')) === 1],
        'card.holder' => [text($card, 'holder'), mb_strlen(text($card, 'holder')) <= 80],
    ];
    $problems = [];
    foreach ($checks as $field => [$value, $good]) {
        if ($value === '') {
            $problems[$field] = 'required';
        } elseif (!$good) {
            $problems[$field] = 'invalid';
        }
    }
    return $problems;
}
