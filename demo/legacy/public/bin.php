<?php
/**
 * bin.php?bin=411111: which bank issued a card. Somebody turned errors on here to find a bug and never turned them
 * off again, so every answer begins with a notice. The shops' parsers learned to look for the first brace.
 */

require __DIR__ . '/../src/bootstrap.php';
ini_set('display_errors', '1');

header('Content-Type: application/json');
$bin = substr(preg_replace('/\D/', '', text($_GET, 'bin')), 0, 6);
$found = null;
foreach (file(__DIR__ . '/../data/bins.txt', FILE_IGNORE_NEW_LINES) as $line) {
    if (strtok($line, '|') === $bin) {
        $found = ['bin' => $bin, 'brand' => explode('|', $line)[1], 'bank' => end(explode('|', $line))];
    }
}
echo json_encode($found ?? ['bin' => $bin, 'brand' => null, 'bank' => null]);
