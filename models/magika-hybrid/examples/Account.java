package org.example.bank;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** A current account that keeps its history. */
public final class Account {
    private final String owner;
    private final List<BigDecimal> history = new ArrayList<>();

    public Account(String owner) {
        this.owner = owner;
    }

    public void book(BigDecimal amount) {
        if (balance().add(amount).signum() < 0) {
            throw new IllegalStateException(owner + " would be overdrawn");
        }
        history.add(amount);
    }

    public BigDecimal balance() {
        return history.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    }
}
