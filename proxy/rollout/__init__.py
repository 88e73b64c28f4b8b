"""How flips travel: from the ledger to every data plane, and from what data planes see back to the ramp."""
