<?php
/** Ends the session and takes its cookie back. */

require __DIR__ . '/../src/bootstrap.php';

session_open();
logout();
redirect('/login.php');
