    <section class="card narrow">
      <p class="brand"><img src="/assets/oak.svg" alt="" width="40" height="40"> Oakline</p>
      <h1><?= e($title) ?></h1>
      <p><?= e($text) ?></p>
    </section>
