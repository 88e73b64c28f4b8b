<?php
$currency = $report['currency'];
$totals = $report['totals'];
$link = fn (array $change) => '/dashboard.php?' . http_build_query($change + ['month' => $month, 'status' => $status]);
?>
    <div class="head">
      <h1>Payments</h1>
      <form method="get" action="/dashboard.php" class="inline">
        <label>Month <select name="month">
<?php foreach ($months as $one): ?>
          <option<?= $one === $month ? ' selected' : '' ?>><?= e($one) ?></option>
<?php endforeach ?>
        </select></label>
        <label>Status <select name="status">
          <option value="">all</option>
<?php foreach (PAYMENT_STATUSES as $one): ?>
          <option value="<?= e($one) ?>"<?= $one === $status ? ' selected' : '' ?>><?= e(str_replace('_', ' ', $one)) ?></option>
<?php endforeach ?>
        </select></label>
        <button type="submit" class="second">Show</button>
        <a class="button second" href="/export.php?month=<?= e($month) ?>">CSV of <?= e($month) ?></a>
      </form>
    </div>
    <dl class="figures">
      <div><dt>Captured</dt><dd><?= e(money($totals['captured'], $currency)) ?></dd></div>
      <div><dt>Refunded</dt><dd><?= e(money($totals['refunded'], $currency)) ?></dd></div>
      <div><dt>Fees</dt><dd><?= e(money($totals['fees'], $currency)) ?></dd></div>
      <div class="strong"><dt>Net in <?= e($month) ?></dt><dd><?= e(money($totals['net'], $currency)) ?></dd></div>
    </dl>
    <section class="card">
      <table>
        <thead>
          <tr><th>Reference</th><th>Created</th><th>Description</th><th>Status</th><th class="number">Amount</th></tr>
        </thead>
        <tbody>
<?php foreach ($list['rows'] as $payment): ?>
          <tr>
            <td><a href="/refund.php?payment=<?= e($payment['id']) ?>"><?= e($payment['reference']) ?></a></td>
            <td><?= e($payment['created_at']) ?></td>
            <td><?= e($payment['description']) ?></td>
            <td><span class="badge <?= e($payment['status']) ?>"><?= e(str_replace('_', ' ', $payment['status'])) ?></span></td>
            <td class="number"><?= e(money($payment['amount'], $payment['currency'])) ?></td>
          </tr>
<?php endforeach ?>
<?php if (!$list['rows']): ?>
          <tr><td colspan="5" class="hint">No payments with this status.</td></tr>
<?php endif ?>
        </tbody>
      </table>
      <p class="pages">
<?php if ($list['page'] > 1): ?>
        <a href="<?= e($link(['page' => $list['page'] - 1])) ?>">← newer</a>
<?php endif ?>
        <span>Page <?= $list['page'] ?> of <?= max(1, $list['pages']) ?> · <?= e($list['total']) ?> payments</span>
<?php if ($list['page'] < $list['pages']): ?>
        <a href="<?= e($link(['page' => $list['page'] + 1])) ?>">older →</a>
<?php endif ?>
      </p>
    </section>
