package io.modelassay.matrix;

/** A library of a stack that cannot be had; the outcome of a cell, not the end of a run. */
final class UnresolvableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnresolvableException(String message, Throwable cause) {
        super(message, cause);
    }

    UnresolvableException(String message) {
        super(message);
    }
}
