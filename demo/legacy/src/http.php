<?php
/** Answers, and the fields of a form. */

function send_json(mixed $value, int $status = 200): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    echo json_encode($value);
    exit;
}

function send_error(int $status, string $code, string $message, array $fields = []): never
{
    $error = ['code' => $code, 'message' => $message];
    if ($fields) {
        $error['fields'] = $fields;
    }
    send_json(['error' => $error], $status);
}

/** 302, also after a POST: every browser follows it with a GET. */
function redirect(string $to): never
{
    header('Location: ' . $to);
    exit;
}

/** A field of the query or form as text; an array where text was expected counts as absent. */
function text(array $from, string $name, string $default = ''): string
{
    $value = $from[$name] ?? $default;
    return is_string($value) ? trim($value) : $default;
}

function map(array $from, string $name): array
{
    $value = $from[$name] ?? [];
    return is_array($value) ? $value : [];
}

function is_post(): bool
{
    return $_SERVER['REQUEST_METHOD'] === 'POST';
}
