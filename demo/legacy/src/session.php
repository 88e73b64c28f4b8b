<?php
/** The back office's logins: PHP's own file sessions, a form token, one message carried over a redirect. */

function session_open(): void
{
    if (session_status() === PHP_SESSION_ACTIVE) {
        return;
    }
    if (!is_dir(config('sessions'))) {
        @mkdir(config('sessions'), 0700, true);
    }
    session_save_path(config('sessions'));
    session_start();
}

function login(string $email, string $password): bool
{
    $user = fetch_one('SELECT * FROM users WHERE email = ?', [$email]);
    if (!$user || !password_verify($password, $user['password_hash'])) {
        return false;
    }
    session_regenerate_id(true);
    $_SESSION['email'] = $user['email'];
    return true;
}

function logout(): void
{
    $_SESSION = [];
    setcookie(session_name(), '', 1, '/');
    session_destroy();
}

/** The user behind the session with their merchant, or a redirect to the login page. */
function require_login(): array
{
    session_open();
    $user = fetch_one('SELECT email, name, merchant_id FROM users WHERE email = ?', [$_SESSION['email'] ?? '']);
    if (!$user) {
        redirect('/login.php');
    }
    return $user + ['merchant' => merchant_find($user['merchant_id'])];
}

function form_token(): string
{
    return $_SESSION['form_token'] ??= bin2hex(random_bytes(16));
}

function check_form_token(): void
{
    if (!hash_equals(form_token(), text($_POST, 'form_token'))) {
        http_response_code(403);
        show_page('message', ['title' => 'Please try again', 'text' => 'The form was too old. Go back, reload and send it again.']);
    }
}

function say(string $message, string $kind = 'good'): void
{
    $_SESSION['said'] = ['text' => $message, 'kind' => $kind];
}

/** @return ?array the message of the page before, once */
function said(): ?array
{
    $said = $_SESSION['said'] ?? null;
    unset($_SESSION['said']);
    return $said;
}
