<?php
/**
 * /index.php/api/... and, where the web server falls back to this file, /api/... alone.
 */

require __DIR__ . '/../src/bootstrap.php';

const ROUTES = [
    ['GET', '/healthz', 'healthz'],
    ['GET', '/pay/([^/]+)', 'pay_link'],
    ['GET', '/api/rates', 'api_rates'],
    ['GET', '/api/rates/([^/]+)/fee', 'api_rate_fee'],
    ['GET', '/api/payments', 'api_payment_list'],
    ['POST', '/api/payments', 'api_payment_create'],
    ['GET', '/api/payments/([^/]+)', 'api_payment_show'],
    ['POST', '/api/payments/([^/]+)/(capture|cancel)', 'api_payment_move'],
    ['GET', '/api/payments/([^/]+)/refunds', 'api_refund_list'],
    ['POST', '/api/payments/([^/]+)/refunds', 'api_refund_create'],
    ['POST', '/api/payments/([^/]+)/evidence', 'api_evidence_create'],
    ['GET', '/api/refunds/([^/]+)', 'api_refund_show'],
    ['POST', '/api/tokens', 'api_token_create'],
    ['GET', '/api/tokens/([^/]+)', 'api_token_show'],
    ['GET', '/api/merchants/([^/]+)', 'api_merchant_show'],
    ['GET', '/api/merchants/([^/]+)/report', 'api_merchant_report'],
];

function healthz(): never
{
    fetch_one('SELECT 1');
    send_json(['status' => 'ok']);
}

/** The short link of an e-mail or an invoice. */
function pay_link(string $id): never
{
    redirect('/checkout.php?id=' . rawurlencode($id));
}

function dispatch(string $method, string $path): void
{
    $allowed = [];
    foreach (ROUTES as [$verb, $pattern, $endpoint]) {
        if (preg_match("#^$pattern$#D", $path, $found)) {
            if ($verb === $method) {
                $endpoint(...array_slice($found, 1));
            }
            $allowed[] = $verb;
        }
    }
    if ($allowed) {
        header('Allow: ' . implode(', ', $allowed));
        throw new Refusal(405, 'method_not_allowed', 'This endpoint does not know that method.');
    }
    throw new Refusal(404, 'not_found', 'No such endpoint.');
}

$path = $_SERVER['PATH_INFO'] ?? '/';
if ($path === '/') {
    redirect('/dashboard.php');
}
// A HEAD runs the whole endpoint; the web server drops the body.
$method = $_SERVER['REQUEST_METHOD'] === 'HEAD' ? 'GET' : $_SERVER['REQUEST_METHOD'];
answer(fn () => dispatch($method, $path));
