<?php
/** Files that a merchant sends in for a dispute: a receipt, a tracking page. */

const EVIDENCE_LIMIT = 4 * 1024 * 1024;

/**
 * Stores one uploaded file and records it.
 *
 * @param ?array $file an entry of $_FILES
 * @return array the evidence @throws Refusal when there is no usable file
 */
function evidence_create(array $payment, ?array $file): array
{
    if (!$file || is_array($file['error']) || $file['error'] === UPLOAD_ERR_NO_FILE) {
        throw invalid(['file' => 'required']);
    }
    if ($file['error'] !== UPLOAD_ERR_OK || $file['size'] > EVIDENCE_LIMIT) {
        throw new Refusal(413, 'too_large', 'A file may have 4 MiB.');
    }
    $evidence = [
        'id' => new_id('evi'),
        'payment_id' => $payment['id'],
        'filename' => mb_substr(basename($file['name']), 0, 120),
        'content_type' => $file['type'],
        'bytes' => $file['size'],
        'sha256' => hash_file('sha256', $file['tmp_name']),
        'created_at' => now_text(),
    ];
    move_uploaded_file($file['tmp_name'], evidence_path($evidence['id']));
    insert('evidence', $evidence);
    return $evidence;
}

/** The stored name is the id: nothing of what the client named the file reaches the file system. */
function evidence_path(string $id): string
{
    if (!is_dir(config('uploads'))) {
        @mkdir(config('uploads'), 0700, true);
    }
    return config('uploads') . '/' . $id;
}

function evidence_of(string $payment_id): array
{
    return fetch_all('SELECT * FROM evidence WHERE payment_id = ? ORDER BY created_at, id', [$payment_id]);
}

function api_evidence_create(string $payment_id): never
{
    $payment = own_payment(api_merchant(), $payment_id);
    $evidence = evidence_create($payment, $_FILES['file'] ?? null);
    send_json([
        'id' => $evidence['id'],
        'payment' => $evidence['payment_id'],
        'filename' => $evidence['filename'],
        'bytes' => (string) $evidence['bytes'],
        'sha256' => $evidence['sha256'],
    ], 201);
}
