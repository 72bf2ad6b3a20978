package io.modelassay.matrix;

import org.apiguardian.api.API;

/**
 * One suite under one stack, in a JVM of its own.
 *
 * @param id unique and fit for a file's name
 * @param suite what runs
 * @param stack what it runs on
 * @param settings how it runs
 * @param gpu whether its tests need a GPU
 * @param digest hash of all that its result depends on, as far as the plan knows it
 */
@API(status = API.Status.EXPERIMENTAL)
public record Cell(String id, Suite suite, Stack stack, CellSettings settings, boolean gpu, String digest) {
    private static final String REQUIRED = "required";
    private static final String GPU = "modelassay.gpu";

    static Cell of(Suite suite, Stack stack, CellSettings settings) {
        return new Cell(
                (suite.name() + "@" + stack.name()).replaceAll("[^A-Za-z0-9._@-]+", "_"),
                suite,
                stack,
                settings,
                REQUIRED.equals(settings.configuration().get(GPU)),
                CellDigest.of(suite, stack, settings));
    }
}
