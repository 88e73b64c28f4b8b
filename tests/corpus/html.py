"""HTML pages and fragments."""

from collections.abc import Callable

from fastapi.responses import HTMLResponse

from tests.support.corpus import Case


def page(text: str) -> Callable[[], HTMLResponse]:
    return lambda: HTMLResponse(text)


def html(name: str, php: str, python: str, *expect: str, **compare: object) -> Case:
    """A pair of pages; `php` is PHP's own template syntax, outside of <?php."""
    return Case(f"html-{name}", f"?>{php}", page(python), expect, compare, type=None)


FORM = '<form action="%s" method="post"><input type="hidden" name="%s" value="%s"></form>'

CASES = (
    html("same", "<p>Hello</p>", "<p>Hello</p>"),
    html("space", "<div>\n  <p>a</p>\n\n  <p>b</p>\n</div>\n", "<div><p>a</p><p>b</p></div>"),
    html("space-in-text", "<p>\n  one\n  two </p>", "<p>one two</p>"),
    html(
        "space-between-inline",
        "<p><b>a</b> <i>b</i></p>",
        "<p><b>a</b><i>b</i></p>",
        "body /html/body/p/text() missing",
    ),
    html(
        "space-in-links",
        "<ul>\n <li>\n  <a href='/x'>\n   Text\n  </a>\n </li>\n</ul>",
        "<ul><li><a href='/x'>Text</a></li></ul>",
    ),
    html("space-in-buttons", "<p>a <button>\n Save\n</button> b</p>", "<p>a <button>Save</button> b</p>"),
    html(
        "space-beside-buttons",
        "<p>a <button>Save</button> b</p>",
        "<p>a<button>Save</button> b</p>",
        "body /html/body/p/text()[1] changed",
    ),
    html(
        "space-in-words",
        "<p>un<b>do</b> it</p>",
        "<p>un <b>do</b> it</p>",
        "body /html/body/p/text()[1] changed",
    ),
    html(
        "space-beside-hidden-fields",
        "<form>\n<input type='hidden' name='a'>\n<input type='HIDDEN' name='b'>\n<b>Pay</b> "
        "<input type='hidden' name='c'> <input name='d'></form>",
        "<form><input type='hidden' name='a'><input type='HIDDEN' name='b'><b>Pay</b> "
        "<input type='hidden' name='c'><input name='d'></form>",
    ),
    html(
        "space-beside-shown-fields",
        "<form>Pay <input name='a'> <input name='b'></form>",
        "<form>Pay <input name='a'><input name='b'></form>",
        "body /html/body/form/text()[2] missing",
    ),
    html("space-pre", "<pre>a\n  b</pre>", "<pre>a\n b</pre>", "body /html/body/pre changed"),
    html(
        "space-textarea",
        "<textarea>a\n</textarea>",
        "<textarea>a</textarea>",
        "body /html/body/textarea changed",
    ),
    html("space-no-break", "<p>a&nbsp;b</p>", "<p>a b</p>", "body /html/body/p changed"),
    html("comment", "<p>a<!-- PHP --></p>", "<p>a</p>"),
    html("comment-in-text", "<p>a<!-- x -->b</p>", "<p>ab</p>"),
    html("attribute-order", '<a href="/x" class="c">x</a>', '<a class="c" href="/x">x</a>'),
    html("attribute-quotes", "<a href='/x' title=y>x</a>", '<a href="/x" title="y">x</a>'),
    html("attribute-case", '<A HREF="/x">x</A>', '<a href="/x">x</a>'),
    html("attribute-boolean", '<input checked="checked" disabled>', '<input checked disabled="">'),
    html("attribute-boolean-lost", "<input checked>", "<input>", "body /html/body/input/@checked missing"),
    html(
        "attribute-value", '<a href="/x">x</a>', '<a href="/y">x</a>', "body /html/body/a/@href changed major"
    ),
    html("attribute-entity", '<a href="/?a=1&amp;b=2">x</a>', '<a href="/?a=1&b=2">x</a>'),
    html(
        "attribute-missing",
        '<form action="/pay" method="post"></form>',
        '<form action="/pay"></form>',
        "body /html/body/form/@method missing critical",
    ),
    html(
        "attribute-class-order",
        '<p class="a b">x</p>',
        '<p class="b a">x</p>',
        "body /html/body/p/@class changed",
    ),
    html("attribute-odd", '<p @click="go" x-on:y.z="1">x</p>', '<p x-on:y.z="1" @click="go">x</p>'),
    html("void", "<p>a<br/>b<hr /></p>", "<p>a<br>b<hr></p>"),
    html(
        "optional-tags",
        "<ul><li>a<li>b</ul><table><tr><td>1</table>",
        "<ul><li>a</li><li>b</li></ul><table><tbody><tr><td>1</td></tr></tbody></table>",
    ),
    html("wrapped", "<p>a</p>", "<html><head></head><body><p>a</p></body></html>"),
    html(
        "entities",
        '<p>&eacute; &#8364; &lt; &quot;<?= htmlspecialchars("it\'s", ENT_QUOTES) ?></p>',
        '<p>é € &lt; "it&#x27;s</p>',
    ),
    html("escaped", "<p><?= htmlspecialchars('<b>') ?></p>", "<p>&lt;b&gt;</p>"),
    html(
        "escaped-twice",
        "<p><?= htmlspecialchars('&amp;') ?></p>",
        "<p>&amp;</p>",
        "body /html/body/p changed",
    ),
    html(
        "text",
        "<p>Total: <?= number_format(1234.5, 2, ',', '.') ?> €</p>",
        "<p>Total: 1,234.50 €</p>",
        "body /html/body/p changed major",
    ),
    html(
        "text-in-list",
        "<ul><li>a</li><li>b</li></ul>",
        "<ul><li>a</li><li>c</li></ul>",
        "body /html/body/ul/li[2] changed",
    ),
    html("text-mixed", "<p>a <b>b</b> c</p>", "<p>a <b>b</b> d</p>", "body /html/body/p/text()[2] changed"),
    html("element-missing", "<p>a</p><p>b</p>", "<p>a</p>", "body /html/body/p[2] missing critical"),
    html(
        "element-extra",
        "<ul><li>a</li></ul>",
        "<ul><li>new</li><li>a</li></ul>",
        "body /html/body/ul/li[1] extra minor",
    ),
    html(
        "element-renamed",
        "<b>a</b>",
        "<strong>a</strong>",
        "body /html/body/b missing",
        "body /html/body/strong extra",
    ),
    html("element-order", "<p>a</p><div>b</div>", "<div>b</div><p>a</p>", "body /html/body order major"),
    html(
        "nesting",
        "<div><p>a</p></div>",
        "<div><div><p>a</p></div></div>",
        "body /html/body/div/p missing",
        "body /html/body/div/div extra",
    ),
    html("script", "<script>\n var a = 1 < 2;\n</script>", "<script>var a = 1 < 2;</script>"),
    html(
        "script-changed",
        "<body><script>var a = 1;</script>",
        "<body><script>var a = 2;</script>",
        "body /html/body/script changed",
    ),
    html(
        "template",
        "<template><p>a</p></template><p>x</p>",
        "<template><p>b</p></template><p>x</p>",
        "body /html/head/template/p changed",
    ),
    html("doctype-case", "<!DOCTYPE html><p>a</p>", "<!doctype HTML>\n<p>a</p>"),
    html("doctype-missing", "<!DOCTYPE html><p>a</p>", "<p>a</p>", "body $ missing"),
    html(
        "select",
        '<select><option value="1" selected="selected">a</option>\n<option value="2">b</select>',
        '<select><option value="1" selected>a</option><option value="2">b</option></select>',
    ),
    html(
        "ignored", "<p>a</p><i id='t'><?= time() ?></i>", "<p>a</p><i id='t'>0</i>", ignore=["//i[@id='t']"]
    ),
    html(
        "ignored-attribute",
        '<input name="csrf" value="<?= uniqid() ?>">',
        '<input name="csrf" value="x">',
        ignore=["//input[@name='csrf']/@value"],
    ),
    html(
        "money",
        '<b id="total">10.00</b>',
        '<b id="total">10.01</b>',
        "body /html/body/b changed critical",
        rules=[{"path": "//b[@id='total']", "money": True}],
    ),
    Case(
        "html-latin1",
        "header('Content-Type: text/html; charset=ISO-8859-1'); "
        "echo mb_convert_encoding('<p>Größe</p>', 'ISO-8859-1', 'UTF-8');",
        page("<p>Größe</p>"),
        ["header header:content-type changed"],
        type=None,
    ),
    Case(
        "html-latin1-undeclared",
        "echo mb_convert_encoding('<p>Größe</p>', 'ISO-8859-1', 'UTF-8');",
        page("<p>Größe</p>"),
        ["body $ mojibake major"],
        type=None,
    ),
    html(
        "3ds",
        FORM % ("https://acs.example", "PaReq", "eJx"),
        FORM % ("https://acs.example", "PaReq", "eJx") + "\n",
    ),
    html(
        "3ds-target",
        FORM % ("https://acs.example", "PaReq", "eJx"),
        FORM % ("https://acs2.example", "PaReq", "eJx"),
        "body /html/body/form/@action changed major",
    ),
    html(
        "csrf",
        FORM % ("/pay", "csrf", "a"),
        FORM % ("/pay", "csrf", "b"),
        "body /html/body/form/input/@value changed major",
    ),
    html(
        "csrf-ignored",
        FORM % ("/pay", "csrf", "a"),
        FORM % ("/pay", "csrf", "b"),
        ignore=["//input[@name='csrf']/@value"],
    ),
    html(
        "amount",
        FORM % ("/pay", "amount", "10.00"),
        FORM % ("/pay", "amount", "10.01"),
        "body /html/body/form/input/@value changed critical",
        rules=[{"path": "//input[@name='amount']/@value", "money": True}],
    ),
    html(
        "row-inserted",
        "<table><tr><td>1<td>a<tr><td>2<td>b</table>",
        "<table><tr><td>0<td>z<tr><td>1<td>a<tr><td>2<td>b</table>",
        "body /html/body/table/tbody/tr[1] extra minor",
    ),
)
