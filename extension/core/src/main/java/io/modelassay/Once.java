package io.modelassay;

import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A value that is made when it is first asked for, once. Safe for use by several threads.
 *
 * @param <T> the value's type
 */
final class Once<T> {
    private final Supplier<T> maker;
    private @Nullable T value;

    Once(Supplier<T> maker) {
        this.maker = maker;
    }

    /** The value; an exception of its maker leaves it unmade. */
    synchronized T get() {
        T made = value;
        if (made == null) {
            made = maker.get();
            value = made;
        }
        return made;
    }

    /** Forgets the value, which its owner closes; empty where it was never made. */
    synchronized Optional<T> remove() {
        Optional<T> made = Optional.ofNullable(value);
        value = null;
        return made;
    }
}
