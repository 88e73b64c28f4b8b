<?php
/** Pages: a template inside the layout, everything escaped by e(). */

function e(mixed $text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES);
}

/** "1249.90" in EUR reads "€ 1,249.90". */
function money(string $amount, string $currency): string
{
    $decimals = strlen(strrchr($amount, '.') ?: '.') - 1;
    $sign = ['EUR' => '€', 'USD' => '$', 'JPY' => '¥'][$currency] ?? $currency;
    return $sign . ' ' . number_format((float) $amount, $decimals);
}

function show_page(string $template, array $values): never
{
    $values += ['title' => 'Oakline', 'user' => null, 'said' => session_status() === PHP_SESSION_ACTIVE ? said() : null];
    $content = render($template, $values);
    echo render('layout', ['content' => $content] + $values);
    exit;
}

function render(string $template, array $values): string
{
    extract($values);
    ob_start();
    require __DIR__ . "/../templates/$template.php";
    return ob_get_clean();
}
