package io.modelassay.failure;

import org.apiguardian.api.API;

/**
 * An exception that tells its problem. Most extend {@link ModelAssayException}; those that Java's conventions want to be an {@link
 * IllegalArgumentException} or {@link IllegalStateException} are an {@link InvalidRequestException} or a {@link
 * NotPossibleException}.
 */
@API(status = API.Status.EXPERIMENTAL)
public interface Failing {
    /** What is wrong, where, and what to do. */
    Problem details();
}
