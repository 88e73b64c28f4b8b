<?php
/** What a merchant took in a month. */

const TAKEN = ['captured', 'partially_refunded', 'refunded', 'disputed'];

/** @param string $month YYYY-MM */
function report_of(array $merchant, string $month): array
{
    $rate = rate_find($merchant['currency']);
    $payments = fetch_all(
        "SELECT * FROM payments WHERE merchant_id = ? AND created_at LIKE ? || '-%' ORDER BY created_at, id",
        [$merchant['id'], $month],
    );
    $taken = array_filter($payments, fn ($payment) => in_array($payment['status'], TAKEN, true));
    $captured = array_sum(array_column($taken, 'amount'));
    $fees = array_sum(array_column($taken, 'fee'));
    $refunded = array_sum(array_map('payment_refunded', $taken));
    $disputed = array_filter($payments, fn ($payment) => $payment['status'] === 'disputed');
    return [
        'merchant' => $merchant['id'],
        'month' => $month,
        'currency' => $merchant['currency'],
        'totals' => [
            'payments' => (string) count($payments),
            'captured' => format_amount($captured, $rate),
            'refunded' => format_amount($refunded, $rate),
            'fees' => format_amount($fees, $rate),
            'net' => format_amount($captured - $refunded - $fees, $rate),
            'chargebacks' => (string) count($disputed),
        ],
        'by_status' => count_by($payments, fn ($payment) => $payment['status']),
        'days' => report_days($taken, $rate),
        'generated_at' => now_text(),
    ];
}

/** How many rows have each key, as strings like every count of this API. */
function count_by(array $rows, callable $key): array
{
    $counts = array_count_values(array_map($key, $rows));
    ksort($counts);
    return array_map('strval', $counts);
}

function report_days(array $taken, array $rate): array
{
    $days = [];
    foreach ($taken as $payment) {
        $days[substr($payment['created_at'], 0, 10)][] = $payment['amount'];
    }
    $rows = [];
    foreach ($days as $date => $amounts) {
        $rows[] = [
            'date' => $date,
            'payments' => (string) count($amounts),
            'captured' => format_amount(array_sum($amounts), $rate),
        ];
    }
    return $rows;
}
