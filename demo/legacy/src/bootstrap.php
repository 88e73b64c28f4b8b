<?php
/** Everything a page needs. Each page requires this file first. */

ini_set('display_errors', '0');

require __DIR__ . '/config.php';
require __DIR__ . '/clock.php';
require __DIR__ . '/database.php';
require __DIR__ . '/http.php';
require __DIR__ . '/api.php';
require __DIR__ . '/cards.php';
require __DIR__ . '/rates.php';
require __DIR__ . '/merchants.php';
require __DIR__ . '/tokens.php';
require __DIR__ . '/payments.php';
require __DIR__ . '/payments_api.php';
require __DIR__ . '/refunds.php';
require __DIR__ . '/reports.php';
require __DIR__ . '/evidence.php';
require __DIR__ . '/threeds.php';
require __DIR__ . '/session.php';
require __DIR__ . '/html.php';
