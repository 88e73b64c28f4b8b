<?php $refundable = in_array($payment['status'], ['captured', 'partially_refunded'], true); ?>
    <div class="head">
      <h1><?= e($payment['reference']) ?> <span class="badge <?= e($payment['status']) ?>"><?= e(str_replace('_', ' ', $payment['status'])) ?></span></h1>
      <a class="button second" href="/dashboard.php">← all payments</a>
    </div>
    <div class="columns">
      <section class="card">
        <h2><?= e(money($payment['amount'], $payment['currency'])) ?></h2>
        <dl class="facts">
          <dt>Payment</dt><dd><code><?= e($payment['id']) ?></code></dd>
          <dt>Description</dt><dd><?= e($payment['description']) ?></dd>
          <dt>Card</dt><dd><?= $token ? e($token['brand'] . ' ···· ' . $token['last4'] . ', ' . $token['holder']) : '–' ?></dd>
          <dt>Fee</dt><dd><?= e(money($payment['fee'], $payment['currency'])) ?></dd>
          <dt>Created</dt><dd><?= e($payment['created_at']) ?></dd>
          <dt>Captured</dt><dd><?= e($payment['captured_at'] ?? '–') ?></dd>
          <dt>Refunded</dt><dd><?= e(money($refunded, $payment['currency'])) ?></dd>
        </dl>
<?php foreach ($refunds as $refund): ?>
        <p class="line"><?= e($refund['created_at']) ?> · <?= e(money($refund['amount'], $payment['currency'])) ?> · <?= e(strtr($refund['reason'], '_/', '  ')) ?></p>
<?php endforeach ?>
      </section>
      <div>
        <section class="card">
          <h2>Refund</h2>
<?php if ($refundable): ?>
          <form method="post" action="/refund.php">
            <input type="hidden" name="form_token" value="<?= e(form_token()) ?>">
            <input type="hidden" name="payment" value="<?= e($payment['id']) ?>">
            <label>Amount in <?= e($payment['currency']) ?>
              <input name="refund[amount]" inputmode="decimal" value="<?= e(format_amount($payment['amount'] - (float) $refunded, rate_find($payment['currency']))) ?>" required></label>
            <label>Reason <select name="refund[reason]">
              <option value="requested_by_customer">requested by customer</option>
              <option value="damaged/returned">damaged or returned</option>
              <option value="duplicate">duplicate</option>
            </select></label>
            <button type="submit">Refund</button>
          </form>
<?php else: ?>
          <p class="hint">A payment that is <?= e(str_replace('_', ' ', $payment['status'])) ?> has nothing to refund.</p>
<?php endif ?>
        </section>
        <section class="card">
          <h2>Evidence</h2>
<?php foreach ($evidence as $file): ?>
          <p class="line"><a href="/evidence.php?id=<?= e($file['id']) ?>"><?= e($file['filename']) ?></a> · <?= e($file['bytes']) ?> bytes</p>
<?php endforeach ?>
          <form method="post" action="/evidence.php" enctype="multipart/form-data">
            <input type="hidden" name="form_token" value="<?= e(form_token()) ?>">
            <input type="hidden" name="payment" value="<?= e($payment['id']) ?>">
            <label>Receipt or tracking page <input type="file" name="file" required></label>
            <button type="submit" class="second">Upload</button>
          </form>
        </section>
      </div>
    </div>
