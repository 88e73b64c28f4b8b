<?php
/**
 * The XML endpoint that two ERP systems still call. One operation an envelope: GetPayment or ListRefunds.
 */

require __DIR__ . '/../src/bootstrap.php';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const OAKLINE = 'urn:oakline:payments:1';

function envelope(callable $fill, int $status = 200): never
{
    $xml = new DOMDocument('1.0', 'UTF-8');
    $xml->formatOutput = true;
    $root = $xml->appendChild($xml->createElementNS(SOAP, 'soap:Envelope'));
    $fill($root->appendChild($xml->createElementNS(SOAP, 'soap:Body')));
    http_response_code($status);
    header('Content-Type: text/xml; charset=utf-8');
    echo $xml->saveXML();
    exit;
}

function element(DOMNode $parent, string $name, ?string $text = null): DOMElement
{
    $element = $parent->appendChild($parent->ownerDocument->createElementNS(OAKLINE, "oak:$name"));
    if ($text !== null) {
        $element->appendChild($parent->ownerDocument->createTextNode($text));
    }
    return $element;
}

function fault(string $code, string $text): never
{
    envelope(function (DOMNode $body) use ($code, $text) {
        $fault = $body->appendChild($body->ownerDocument->createElementNS(SOAP, 'soap:Fault'));
        $fault->appendChild($body->ownerDocument->createElement('faultcode', "soap:$code"));
        $fault->appendChild($body->ownerDocument->createElement('faultstring', $text));
    }, 500);
}

/** @return array{string, string} the operation and the payment's id */
function operation(string $raw): array
{
    $xml = new DOMDocument();
    if ($raw === '' || str_contains($raw, '<!DOCTYPE') || !@$xml->loadXML($raw, LIBXML_NONET)) {
        fault('Client', 'The body must be an XML document without a DOCTYPE.');
    }
    $find = new DOMXPath($xml);
    $find->registerNamespace('soap', SOAP);
    $find->registerNamespace('oak', OAKLINE);
    $call = $find->query('/soap:Envelope/soap:Body/oak:*')->item(0);
    $id = $find->evaluate('string(/soap:Envelope/soap:Body/oak:*/oak:Id)');
    return [$call?->localName ?? '', trim($id)];
}

function get_payment(array $payment): never
{
    envelope(function (DOMNode $body) use ($payment) {
        $result = element($body, 'GetPaymentResponse');
        $node = element($result, 'Payment');
        $node->setAttribute('id', $payment['id']);
        element($node, 'Reference', $payment['reference']);
        element($node, 'Amount', $payment['amount'])->setAttribute('currency', $payment['currency']);
        element($node, 'Status', $payment['status']);
        element($node, 'Description', $payment['description']);
        element($node, 'Created', $payment['created_at']);
    });
}

function list_refunds(array $payment): never
{
    envelope(function (DOMNode $body) use ($payment) {
        $result = element($body, 'ListRefundsResponse');
        foreach (refunds_of($payment['id']) as $refund) {
            $node = element($result, 'Refund', $refund['amount']);
            $node->setAttribute('id', $refund['id']);
            $node->setAttribute('reason', $refund['reason']);
        }
    });
}

if (!is_post()) {
    fault('Client', 'Envelopes are posted.');
}
[$name, $id] = operation(file_get_contents('php://input'));
$call = ['GetPayment' => 'get_payment', 'ListRefunds' => 'list_refunds'][$name] ?? fault('Client', 'Unknown operation.');
$call(payment_find($id) ?? fault('Client', 'No such payment.'));
