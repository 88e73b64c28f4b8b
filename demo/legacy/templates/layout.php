<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title><?= e($title) ?> · Oakline</title>
  <link rel="icon" href="/assets/oak.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/style.css">
</head>
<body class="<?= $user ? 'office' : 'door' ?>">
<?php if ($user): ?>
  <header class="bar">
    <a class="brand" href="/dashboard.php"><img src="/assets/oak.svg" alt="" width="28" height="28"> Oakline</a>
    <nav><a href="/dashboard.php">Payments</a> <a href="/export.php">Export</a></nav>
    <span class="who"><?= e($user['merchant']['name'] ?? '') ?> · <?= e($user['name']) ?></span>
    <a class="quiet" href="/logout.php">Sign out</a>
  </header>
<?php endif ?>
  <main>
<?php if ($said): ?>
    <p class="said <?= e($said['kind']) ?>" role="status"><?= e($said['text']) ?></p>
<?php endif ?>
<?= $content ?>
  </main>
</body>
</html>
