    <section class="card narrow bank">
      <p class="brand">Challenge Bank</p>
<?php if ($cres === null): ?>
      <h1>Is this you?</h1>
      <p>Oakline asks us to confirm a payment with your card ending in 3220.</p>
      <form method="post" action="/acs.php" class="pair">
        <input type="hidden" name="txn" value="<?= e($txn) ?>">
        <button type="submit" name="answer" value="yes">Confirm</button>
        <button type="submit" name="answer" value="no" class="second">Decline</button>
      </form>
<?php else: ?>
      <h1>Thank you</h1>
      <p>Going back to the shop.</p>
      <form method="post" action="/threeds.php">
        <input type="hidden" name="cres" value="<?= e($cres) ?>">
        <button type="submit">Continue</button>
      </form>
      <script>document.forms[0].submit()</script>
<?php endif ?>
    </section>
