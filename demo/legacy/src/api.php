<?php
/** What only the JSON API needs: the caller's merchant, the JSON body, and a refusal that ends the request. */

class Refusal extends Exception
{
    public function __construct(
        public readonly int $status,
        public readonly string $slug,
        string $message,
        public readonly array $fields = [],
    ) {
        parent::__construct($message);
    }
}

function invalid(array $fields): Refusal
{
    return new Refusal(422, 'invalid_request', 'Some fields are not valid.', $fields);
}

function not_found(string $what): Refusal
{
    return new Refusal(404, 'not_found', "No such $what.");
}

/** Runs an endpoint and turns a refusal into its JSON. */
function answer(callable $endpoint): never
{
    try {
        $endpoint();
    } catch (Refusal $refusal) {
        if ($refusal->status === 401) {
            header('WWW-Authenticate: Bearer');
        }
        send_error($refusal->status, $refusal->slug, $refusal->getMessage(), $refusal->fields);
    }
    exit;
}

/** The merchant whose API key the caller sent. */
function api_merchant(): array
{
    $header = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
    if (preg_match('/^Bearer (\S+)$/', $header, $found)) {
        $merchant = fetch_one('SELECT * FROM merchants WHERE api_key_sha256 = ?', [hash('sha256', $found[1])]);
        if ($merchant) {
            return $merchant;
        }
    }
    throw new Refusal(401, 'unauthorized', 'A valid API key is required.');
}

/** The request's JSON object as an array. */
function api_input(): array
{
    $raw = file_get_contents('php://input');
    if (!(json_decode($raw) instanceof stdClass)) {
        throw new Refusal(400, 'bad_json', 'The body must be a JSON object.');
    }
    return json_decode($raw, true);
}
