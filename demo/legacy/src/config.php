<?php
/** Settings come from the environment; what stands here are the demo's defaults. */

function config(string $name): string
{
    static $values = null;
    if ($values === null) {
        $home = dirname(__DIR__) . '/var';
        $values = [
            'db'             => getenv('DEMO_DB') ?: "$home/payments.db",
            'sessions'       => getenv('DEMO_SESSIONS') ?: "$home/sessions",
            'uploads'        => getenv('DEMO_UPLOADS') ?: "$home/uploads",
            'seed'           => getenv('DEMO_SEED') ?: dirname(__DIR__, 2) . '/seed.json',
            'now'            => getenv('DEMO_NOW') ?: 'now',
            'vault_key'      => getenv('DEMO_VAULT_KEY') ?: 'demo-vault-key',
            'webhook_secret' => getenv('DEMO_WEBHOOK_SECRET') ?: 'demo-webhook-secret',
        ];
    }
    return $values[$name];
}
