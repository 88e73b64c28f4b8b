    <section class="card narrow">
      <p class="brand"><img src="/assets/oak.svg" alt="" width="40" height="40"> Oakline</p>
      <h1>Sign in</h1>
      <p class="hint">The merchant back office.</p>
      <form method="post" action="/login.php">
        <input type="hidden" name="form_token" value="<?= e(form_token()) ?>">
        <label>E-mail <input type="email" name="email" value="<?= e($email) ?>" autocomplete="username" required autofocus></label>
        <label>Password <input type="password" name="password" autocomplete="current-password" required></label>
        <button type="submit">Sign in</button>
      </form>
      <ul class="hint cards">
        <li><code>anna@nordlicht.example</code></li>
        <li><code>nordlicht-demo</code></li>
      </ul>
    </section>
