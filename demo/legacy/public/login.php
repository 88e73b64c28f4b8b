<?php
/** The door of the back office. */

require __DIR__ . '/../src/bootstrap.php';

session_open();
$email = text($_POST, 'email');
$password = $_POST['password'] ?? '';
if (is_post()) {
    check_form_token();
    if (is_string($password) && login($email, $password)) {
        redirect('/dashboard.php');
    }
    http_response_code(401);
    say('E-mail or password is wrong.', 'bad');
}
show_page('login', ['title' => 'Sign in', 'email' => $email]);
