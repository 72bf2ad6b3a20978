package io.modelassay.runtime;

import org.apiguardian.api.API;

/** Told how far long work has come. */
@API(status = API.Status.EXPERIMENTAL)
@FunctionalInterface
public interface Progress {
    /** Says nothing. */
    Progress SILENT = (task, done, total) -> {};

    /**
     * {@code done} of {@code total} steps of {@code task} are finished.
     *
     * @param task what is done, such as {@code forward pass}
     */
    void step(String task, int done, int total);

    /** Something besides that a person should know, said once. */
    default void notice(String text) {}

    /** The same, told with the name of what is worked on. */
    default Progress about(String subject) {
        return (task, done, total) -> step(subject + ": " + task, done, total);
    }
}
