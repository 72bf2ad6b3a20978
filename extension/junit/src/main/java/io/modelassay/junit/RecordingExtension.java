package io.modelassay.junit;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;
import org.opentest4j.TestAbortedException;

/** Puts the tests of a class into the run's report; one that several such extensions see is there once. */
abstract class RecordingExtension implements AfterAllCallback, TestWatcher {
    /** Keeps what went wrong around the tests, which the watcher is not told of. */
    @Override
    public void afterAll(ExtensionContext context) {
        context.getExecutionException()
                .ifPresent(cause -> RunResources.of(context)
                        .tested(context, cause instanceof TestAbortedException ? "aborted" : "failed", text(cause)));
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        RunResources.of(context).tested(context, "passed", "");
    }

    @Override
    public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
        RunResources.of(context).tested(context, "failed", text(cause));
    }

    @Override
    public void testAborted(ExtensionContext context, @Nullable Throwable cause) {
        RunResources.of(context).tested(context, "aborted", text(cause));
    }

    @Override
    public void testDisabled(ExtensionContext context, Optional<String> reason) {
        RunResources.of(context).tested(context, "skipped", reason.orElse(""));
    }

    private static String text(@Nullable Throwable cause) {
        if (cause == null) {
            return "";
        }
        String message = cause.getMessage();
        return message == null ? cause.toString() : message;
    }
}
