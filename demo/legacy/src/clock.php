<?php
/** The gateway keeps Berlin time, without an offset, as it did when it had one customer. DEMO_NOW stops the clock. */

function now(): DateTimeImmutable
{
    $berlin = new DateTimeZone('Europe/Berlin');
    return (new DateTimeImmutable(config('now')))->setTimezone($berlin);
}

function now_text(): string
{
    return now()->format('Y-m-d H:i:s');
}
