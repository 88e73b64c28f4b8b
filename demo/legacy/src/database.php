<?php
/** One PDO connection a request, and the four queries everybody uses. */

function db(): PDO
{
    static $db = null;
    if ($db === null) {
        $db = new PDO('sqlite:' . config('db'));
        $db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
        $db->setAttribute(PDO::ATTR_DEFAULT_FETCH_MODE, PDO::FETCH_ASSOC);
        // Integrations have relied on "3" instead of 3 since PHP 5; PHP 8.1 changed it, this changes it back.
        $db->setAttribute(PDO::ATTR_STRINGIFY_FETCHES, true);
        $db->exec('PRAGMA busy_timeout = 5000');
        $db->exec('PRAGMA foreign_keys = ON');
        $db->exec('PRAGMA synchronous = NORMAL');
    }
    return $db;
}

function fetch_all(string $sql, array $values = []): array
{
    $statement = db()->prepare($sql);
    $statement->execute($values);
    return $statement->fetchAll();
}

function fetch_one(string $sql, array $values = []): ?array
{
    return fetch_all($sql, $values)[0] ?? null;
}

function execute(string $sql, array $values = []): int
{
    $statement = db()->prepare($sql);
    $statement->execute($values);
    return $statement->rowCount();
}

/** Table and column names are the program's own, never a client's. */
function insert(string $table, array $row): void
{
    $columns = implode(', ', array_keys($row));
    $marks = implode(', ', array_fill(0, count($row), '?'));
    execute("INSERT INTO $table ($columns) VALUES ($marks)", array_values($row));
}

/** Takes the write lock at once: two requests cannot both read the same balance and then both spend it. */
function transaction(callable $work): mixed
{
    db()->exec('BEGIN IMMEDIATE');
    try {
        $result = $work();
        db()->exec('COMMIT');
        return $result;
    } catch (Throwable $problem) {
        db()->exec('ROLLBACK');
        throw $problem;
    }
}

function new_id(string $prefix): string
{
    return $prefix . '_' . bin2hex(random_bytes(6));
}

/** A map as the database keeps it: {} when it is empty, so that other programs may read it too. */
function json_map(array $map): string
{
    return json_encode((object) $map, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
}
