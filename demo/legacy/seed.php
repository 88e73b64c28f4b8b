<?php
/**
 * php seed.php: makes a new database at DEMO_DB from schema.sql and DEMO_SEED (../seed.json).
 * Refuses to touch a database that exists.
 */

require __DIR__ . '/src/bootstrap.php';

if (file_exists(config('db'))) {
    fwrite(STDERR, config('db') . " exists already; delete it to start anew\n");
    exit(1);
}

if (!is_dir(dirname(config('db')))) {
    mkdir(dirname(config('db')), 0700, true);
}
$seed = json_decode(file_get_contents(config('seed')), true, 16, JSON_THROW_ON_ERROR);
$db = db();
$db->exec('PRAGMA journal_mode = WAL');
$db->exec(file_get_contents(__DIR__ . '/schema.sql'));

transaction(function () use ($seed) {
    foreach ($seed as $table => $rows) {
        foreach ($rows as $row) {
            insert($table, array_map(fn ($v) => is_array($v) ? json_map($v) : $v, $row));
        }
    }
});

echo 'seeded ' . config('db') . ': ' . count($seed['payments']) . " payments\n";
