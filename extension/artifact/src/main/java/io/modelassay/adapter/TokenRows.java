package io.modelassay.adapter;

import java.util.List;
import org.apiguardian.api.API;

/**
 * Rows that training gave some tokens of an embedding or a head, in place of the base's.
 *
 * @param ids the tokens
 * @param rows {@code [ids, dimensions]}
 */
@API(status = API.Status.INTERNAL)
public record TokenRows(List<Long> ids, AdapterTensor rows) {}
