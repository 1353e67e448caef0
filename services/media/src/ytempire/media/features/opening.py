"""The one paid step: a language model may rephrase the opening, once, within the video's budget."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import orjson

from ytempire.events import Money
from ytempire.events.media import CostIncurred
from ytempire.eventstore import EventStore, PermanentError, TransientError, derived_id
from ytempire.media.compute import Usage
from ytempire.media.domain import video as domain
from ytempire.media.domain.events import JobRequested, ProviderCallIntended, ProviderCallSettled
from ytempire.media.features.results import Workspace
from ytempire.media.ports import HookWriter, Rewritten, Workers

_PROVIDER = "openai"
_PURPOSE = "rewrite hook"
_TRIES = 3
_PAUSE_S = 0.5


@dataclass(frozen=True)
class Opening:
    store: EventStore
    hooks: HookWriter
    workers: Workers

    async def improve(self, request: JobRequested, files: Workspace) -> tuple[bool, Usage]:
        """Write the final script, with the rephrased opening if one came and stood the check.

        :returns: whether the opening was replaced, and what checking it used.
        """
        draft = orjson.loads(files.draft.read_bytes())
        text = await self._text(request, draft["hook_request"])
        if text is None:
            files.take_script(draft["script"], draft["description"])
            return False, Usage()
        usage = await self.workers.run(
            "hook",
            "ytempire.media.writer",
            {
                "job": {
                    "task": "accept_hook",
                    "script": draft["script"],
                    "brief_json": draft["brief"],
                    "text": text,
                },
                "result": files.hook,
            },
            files.folder,
            lambda _: None,
        )
        answer = orjson.loads(files.hook.read_bytes())
        files.take_script(answer["script"], answer["description"])
        return bool(answer["accepted"]), usage

    async def _text(self, request: JobRequested, asked: dict[str, object]) -> str | None:
        call_id = derived_id(request.video_id, _PROVIDER, _PURPOSE)
        state, _ = await self.store.state(domain.VIDEO, domain.stream(request.video_id))
        settled = state.settled.get(call_id)
        if settled is not None:
            return settled.detail if settled.outcome == "used" else None
        intended = ProviderCallIntended(
            video_id=request.video_id,
            user_id=request.user_id,
            call_id=call_id,
            provider=_PROVIDER,
            purpose=_PURPOSE,
            estimate=Money(micros=self.hooks.estimate_micros(asked), currency="USD"),
        )
        begun_before = call_id in state.calls
        await self._execute(request, domain.IntendCall(intended))
        try:
            answer = await self._call(call_id, asked, begun_before)
        except (PermanentError, TransientError) as error:
            # the video does without: its own opening is kept
            await self._settle(request, call_id, "failed", str(error), None)
            return None
        await self._settle(request, call_id, "used" if answer.text else "refused", answer.text, answer)
        return answer.text or None

    async def _call(self, call_id: str, asked: dict[str, object], begun_before: bool) -> Rewritten:
        """Call once. Where the outcome of an earlier try is unknown, the provider is asked first."""
        unknown = begun_before
        for attempt in range(1, _TRIES + 1):
            if unknown and (found := await self.hooks.find(call_id)) is not None:
                return found
            try:
                return await self.hooks.rewrite(call_id, asked)
            except TransientError:
                if attempt == _TRIES:
                    raise
                unknown = True
                await asyncio.sleep(_PAUSE_S * attempt)
        raise AssertionError("unreachable: the loop returns or raises")

    async def _settle(
        self, request: JobRequested, call_id: str, outcome: str, detail: str, answer: Rewritten | None
    ) -> None:
        settled = ProviderCallSettled.model_validate(
            {
                "video_id": request.video_id,
                "user_id": request.user_id,
                "call_id": call_id,
                "outcome": outcome,
                "detail": detail,
            }
        )
        cost = None
        if answer is not None:
            cost = CostIncurred(
                cost_id=call_id,
                video_id=request.video_id,
                user_id=request.user_id,
                channel_id=request.channel_id,
                stage="script",
                provider=_PROVIDER,
                bearer="customer",
                amount=Money(micros=answer.micros, currency="USD"),
                quantity=answer.quantity,
                reference=answer.reference,
            )
        await self._execute(request, domain.SettleCall(settled, cost))

    async def _execute(self, request: JobRequested, command: domain.Command) -> None:
        await self.store.execute(domain.VIDEO, domain.stream(request.video_id), command)
