"""XML documents, SOAP among them."""

from collections.abc import Callable
from xml.etree import ElementTree

from fastapi import Response

from tests.support.corpus import Case


def document(text: str) -> Callable[[], Response]:
    return lambda: Response(text, media_type="application/xml")


def xml(name: str, php: str, python: str, *expect: str, **compare: object) -> Case:
    return Case(f"xml-{name}", php, document(python), expect, compare, type="application/xml")


def built() -> Response:
    """What the standard library writes: other prefixes, no declaration, short empty tags."""
    order = ElementTree.Element("{urn:shop}order", {"b": "2", "a": "1"})
    ElementTree.SubElement(order, "{urn:shop}note").text = "a < b & ü"
    ElementTree.SubElement(order, "{urn:shop}empty")
    return Response(ElementTree.tostring(order), media_type="application/xml")


def envelope(prefix: str, body: str) -> str:
    namespace = "http://schemas.xmlsoap.org/soap/envelope/"
    return (
        f'<{prefix}:Envelope xmlns:{prefix}="{namespace}" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><{prefix}:Body>{body}</{prefix}:Body></{prefix}:Envelope>'
    )


DOM = "$d = new DOMDocument('1.0', 'UTF-8');"
SOAP_PHP = (
    'echo \'<?xml version="1.0" encoding="UTF-8"?>\', "\\n", \'<SOAP-ENV:Envelope'
    ' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><SOAP-ENV:Body>%s</SOAP-ENV:Body></SOAP-ENV:Envelope>\';'
)

CASES = (
    xml("same", "echo '<a><b>1</b></a>';", "<a><b>1</b></a>"),
    xml(
        "declaration",
        'echo \'<?xml version="1.0" encoding="UTF-8"?>\', "\\n", \'<a>é</a>\';',
        "<a>&#233;</a>",
    ),
    xml(
        "writer",
        "$w = new XMLWriter; $w->openMemory(); $w->setIndent(true); $w->startDocument(); "
        "$w->startElement('a'); $w->writeElement('b', '1'); $w->writeElement('c', ''); "
        "$w->endElement(); echo $w->outputMemory();",
        "<a><b>1</b><c/></a>",
    ),
    xml(
        "simplexml",
        "$x = new SimpleXMLElement('<a/>'); $x->addChild('b', 'x &amp; y'); $x['k'] = 'v\"w'; "
        "echo $x->asXML();",
        "<a k='v\"w'><b>x &amp; y</b></a>",
    ),
    xml(
        "dom-format",
        DOM
        + (
            "$d->formatOutput = true; $a = $d->appendChild($d->createElement('a')); "
            "$a->appendChild($d->createElement('b', '1')); echo $d->saveXML();"
        ),
        "<a><b>1</b></a>",
    ),
    Case(
        "xml-namespace",
        DOM + "$o = $d->appendChild($d->createElementNS('urn:shop', 'order'));"
        "$o->setAttribute('a', '1'); $o->setAttribute('b', '2');"
        "$n = $d->createElementNS('urn:shop', 'note');"
        "$n->appendChild($d->createTextNode('a < b & ü')); $o->appendChild($n);"
        "$o->appendChild($d->createElementNS('urn:shop', 'empty')); echo $d->saveXML();",
        built,
        type="application/xml",
    ),
    xml(
        "namespace-other",
        "echo '<a xmlns=\"urn:1\"/>';",
        '<a xmlns="urn:2"/>',
        "body /a missing",
        "body /a extra",
    ),
    xml(
        "namespace-lost",
        "echo '<p:a xmlns:p=\"urn:1\"><p:b/></p:a>';",
        '<p:a xmlns:p="urn:1"><b/></p:a>',
        "body /p:a/p:b missing",
        "body /p:a/b extra",
    ),
    xml("namespace-unused", "echo '<a xmlns:x=\"urn:x\"/>';", "<a/>"),
    xml(
        "namespace-attribute",
        'echo \'<a xmlns:p="urn:1" p:k="1"/>\';',
        '<a xmlns:q="urn:1" q:k="2"/>',
        "body /a/@p:k changed",
    ),
    xml("cdata", "echo '<a><![CDATA[x < y]]></a>';", "<a>x &lt; y</a>"),
    xml("cdata-mixed", "echo '<a>1<![CDATA[2]]>3</a>';", "<a>123</a>"),
    xml("comment", "echo '<a><!-- x --><b>1<!-- y -->2</b></a><!-- z -->';", "<a><b>12</b></a>"),
    xml(
        "instruction",
        "echo '<?xml-stylesheet href=\"a.xsl\"?><a/>';",
        "<a/>",
        "body /processing-instruction('xml-stylesheet') missing",
    ),
    xml(
        "instruction-same",
        "echo '<?xml-stylesheet href=\"a.xsl\"?><a/>';",
        '<?xml-stylesheet href="a.xsl"?>\n<a></a>',
    ),
    xml("attribute-order", 'echo \'<a x="1" y="2"/>\';', "<a y='2' x='1'></a>"),
    xml("attribute-changed", "echo '<a x=\"1\"/>';", '<a x="2"/>', "body /a/@x changed major"),
    xml("attribute-missing", "echo '<a x=\"1\"/>';", "<a/>", "body /a/@x missing critical"),
    xml("space-between", 'echo "<a>\\n\\t<b>1</b>\\n</a>\\n";', "<a><b>1</b></a>"),
    xml("space-in-text", "echo '<a> 1 </a>';", "<a>1</a>", "body /a changed"),
    xml(
        "space-preserved",
        "echo '<a xml:space=\"preserve\"> <b/></a>';",
        '<a xml:space="preserve"><b/></a>',
        "body /a/text() missing",
    ),
    xml("text", "echo '<o><i>1</i><i>2</i></o>';", "<o><i>1</i><i>3</i></o>", "body /o/i[2] changed major"),
    xml(
        "element-missing",
        "echo '<o><i>1</i><i>2</i></o>';",
        "<o><i>1</i></o>",
        "body /o/i[2] missing critical",
    ),
    xml(
        "element-inserted",
        "echo '<o><i>1</i><i>2</i></o>';",
        "<o><i>0</i><i>1</i><i>2</i></o>",
        "body /o/i[1] extra minor",
    ),
    xml("element-order", "echo '<o><a/><b/></o>';", "<o><b/><a/></o>", "body /o order major"),
    xml("element-emptied", "echo '<o><a>1</a></o>';", "<o><a/></o>", "body /o/a changed"),
    xml("number", "echo '<o>10.00</o>';", "<o>10.0</o>", "body /o changed"),
    xml(
        "number-allowed",
        "echo '<o>10.00</o>';",
        "<o>10.0</o>",
        rules=[{"path": "/o", "rule": "numeric_string"}],
    ),
    xml(
        "money",
        "echo '<o><amount>10.00</amount></o>';",
        "<o><amount>10.01</amount></o>",
        "body /o/amount changed critical",
        rules=[{"path": "//amount", "money": True}],
    ),
    xml(
        "ignored",
        "echo '<o xmlns=\"urn:o\"><t>1</t><v>2</v></o>';",
        '<p:o xmlns:p="urn:o"><p:t>9</p:t><p:v>2</p:v></p:o>',
        ignore=["//t"],
    ),
    xml(
        "ignored-prefix",
        "echo '<p:o xmlns:p=\"urn:o\"><p:t>1</p:t></p:o>';",
        '<o xmlns="urn:o"><t>2</t></o>',
        ignore=["/p:o/p:t"],
    ),
    xml(
        "instant",
        "echo '<o><at>2026-07-01 12:00:00</at></o>';",
        "<o><at>2026-07-01T10:00:00Z</at></o>",
        rules=[{"path": "/o/at", "instant": {"zone": "Europe/Berlin"}}],
    ),
    xml(
        "money-attribute",
        "echo '<o><amount currency=\"EUR\">10.00</amount></o>';",
        '<o><amount currency="USD">10.00</amount></o>',
        "body /o/amount/@currency changed critical",
        rules=[{"path": "//amount", "money": True}],
    ),
    xml(
        "struct-reordered-and-changed",
        "echo '<o><id>7</id><amount>10.00</amount><state>paid</state></o>';",
        "<o><amount>10.00</amount><id>7</id><state>open</state></o>",
        "body /o order major",
        "body /o/state changed major",
    ),
    xml(
        "reordered-under-a-rule",
        'echo \'<o><i id="1"><v>1.00</v></i><i id="2"><v>2.00</v></i></o>\';',
        '<o><i id="2"><v>2.00</v></i><i id="1"><v>9.00</v></i></o>',
        "body /o order major",
        "body /o/i[1]/v changed critical",
        rules=[{"path": "//v", "money": True}],
    ),
    xml(
        "attribute-to-element",
        "echo '<a id=\"1\"/>';",
        "<a><id>1</id></a>",
        "body /a/@id missing",
        "body /a/id extra",
    ),
    xml("broken", "echo '<a><b></a>';", "<a><b/></a>", "body $ invalid_body critical"),
    xml("cut", "echo '<a><b>1</b>';", "<a><b>1</b></a>", "body $ cut_body critical"),
    xml(
        "entity",
        "echo '<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>';",
        "<a>x</a>",
        "body $ invalid_body critical",
    ),
    xml("notice", "echo $undefined, '<a><b>1</b></a>';", "<a><b>1</b></a>", "body $ legacy_notice"),
    xml(
        "soap",
        SOAP_PHP % '<ns1:r xmlns:ns1="urn:pay"><return xsi:type="xsd:int">5</return></ns1:r>',
        envelope("soap", '<p:r xmlns:p="urn:pay">\n <return xsi:type="xs:int">5</return></p:r>'),
    ),
    xml(
        "soap-type",
        SOAP_PHP % '<r xsi:type="xsd:int">5</r>',
        envelope("s", '<r xsi:type="xs:string">5</r>'),
        "body /SOAP-ENV:Envelope/SOAP-ENV:Body/r/@xsi:type changed",
    ),
    xml(
        "soap-fault",
        SOAP_PHP
        % (
            ""
            "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>bad</faultstring></SOAP-ENV:Fault>"
        ),
        envelope(
            "soap",
            "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>bad</faultstring></soap:Fault>",
        ),
    ),
    xml(
        "soap-fault-changed",
        SOAP_PHP % "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode></SOAP-ENV:Fault>",
        envelope("soap", "<soap:Fault><faultcode>soap:Server</faultcode></soap:Fault>"),
        "body /SOAP-ENV:Envelope/SOAP-ENV:Body/SOAP-ENV:Fault/faultcode changed",
    ),
    Case(
        "xml-untyped",
        "echo '<?xml version=\"1.0\"?><a>1</a>';",
        document("<a>2</a>"),
        ["header header:content-type changed", "header header:content-type changed", "body /a changed"],
        type=None,
    ),
    Case(
        "xml-latin1",
        'echo mb_convert_encoding(\'<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>\', '
        "'ISO-8859-1', 'UTF-8');",
        document("<a>é</a>"),
        type="application/xml",
    ),
)
