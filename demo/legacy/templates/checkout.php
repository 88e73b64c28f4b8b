<?php
$open = in_array($payment['status'], ['pending', 'failed'], true);
$field = fn (string $name) => in_array($name, $wrong, true) ? 'class="wrong"' : '';
?>
    <section class="card narrow">
      <p class="brand"><img src="/assets/oak.svg" alt="" width="40" height="40"> <?= e($merchant['name']) ?></p>
      <h1><?= e(money($payment['amount'], $payment['currency'])) ?></h1>
      <p class="hint"><?= e($payment['reference']) ?><?= $payment['description'] ? ' · ' . e($payment['description']) : '' ?></p>
<?php if ($payment['status'] === 'failed'): ?>
      <p class="said bad" role="status">The payment failed: <?= e(str_replace('_', ' ', $payment['failure'])) ?>. You may try another card.</p>
<?php endif ?>
<?php if ($wrong): ?>
      <p class="said bad" role="status">Please check the marked fields.</p>
<?php endif ?>
<?php if ($open): ?>
      <form method="post" action="/checkout.php">
        <input type="hidden" name="id" value="<?= e($payment['id']) ?>">
        <label <?= $field('card.number') ?>>Card number
          <input name="card[number]" inputmode="numeric" autocomplete="cc-number" placeholder="4111 1111 1111 1111" required></label>
        <div class="three">
          <label <?= $field('card.expiry.month') ?>>Month
            <input name="card[expiry][month]" autocomplete="cc-exp-month" placeholder="04" required></label>
          <label <?= $field('card.expiry.year') ?>>Year
            <input name="card[expiry][year]" autocomplete="cc-exp-year" placeholder="2030" required></label>
          <label <?= $field('card.cvv') ?>>CVV
            <input name="card[cvv]" autocomplete="cc-csc" placeholder="123" required></label>
        </div>
        <label <?= $field('card.holder') ?>>Name on the card
          <input name="card[holder]" autocomplete="cc-name" required></label>
        <button type="submit">Pay <?= e(money($payment['amount'], $payment['currency'])) ?></button>
      </form>
      <ul class="hint cards">
        <li><code>4111 1111 1111 1111</code> pays</li>
        <li><code>4000 0000 0000 3220</code> asks the bank</li>
        <li><code>4000 0000 0000 0002</code> is declined</li>
      </ul>
<?php else: ?>
      <p><span class="badge <?= e($payment['status']) ?>"><?= e(str_replace('_', ' ', $payment['status'])) ?></span></p>
      <p>Nothing more to do: <?= e($merchant['name']) ?> has been told.</p>
<?php endif ?>
    </section>
