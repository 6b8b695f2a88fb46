// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { Terms } from "./Terms.sol";
import { Treasury } from "./Treasury.sol";
import { IMarket, MarketParams, TokenPolicy } from "./interfaces/IMarket.sol";
import { IModels } from "./interfaces/IModels.sol";
import { IRegistry } from "./interfaces/IRegistry.sol";
import { IResults } from "./interfaces/IResults.sol";
import { Auction } from "./libraries/Auction.sol";
import { BondSplit, EscrowSplit, Settlement } from "./libraries/Settlement.sol";
import { Bid, BidStatus, PackedBid, forfeitedBid, sealBid, spentBid } from "./types/Bid.sol";
import { Job, JobId, JobRecord, JobState, Kind, Quote, Rfp, Verdict, jobIdOf as idOf } from "./types/Job.sol";

/// @title Market
/// @notice See {IMarket}.
contract Market is Treasury, Terms, EIP712 {
    uint256 internal constant MAX_BIDS = 32;
    bytes32 internal constant QUOTE_TYPEHASH =
        keccak256("Quote(bytes32 job,address worker,uint128 price,uint40 expiry)");

    mapping(JobId job => JobRecord) internal _jobs;
    mapping(JobId job => mapping(address worker => PackedBid)) internal _bids;

    constructor(
        address utilityToken_,
        IRegistry registry_,
        IModels models_,
        address results_,
        MarketParams memory params_,
        address[] memory tokens,
        TokenPolicy[] memory policies
    )
        Treasury(utilityToken_, registry_, IResults(results_).disputes())
        Terms(models_, results_, params_, tokens, policies)
        EIP712("Atomic Market", "1")
    {
        require(registry_.market() == address(this), BadParameter("registry"));
        // Stake that leaves must still be there when the longest window of a job closes.
        require(registry_.unbondingTime() > params_.maxTime, BadParameter("unbondingTime"));
    }

    // The life of a job

    function post(Rfp calldata rfp, string calldata inputUri) external nonReentrant returns (JobId id) {
        require(rfp.kind == Kind.Auction, WrongKind(rfp.kind));
        id = _open(rfp, inputUri);
        JobRecord storage job = _jobs[id];
        job.state = JobState.Posted;
        job.time = uint40(block.timestamp);
        _take(rfp.requester, rfp.token, rfp.maxPrice);
    }

    function cancel(Rfp calldata rfp) external nonReentrant {
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Posted);
        _requireCaller(rfp.requester);
        require(job.sealedCount == 0, WrongState(id, JobState.Posted));
        job.state = JobState.Cancelled;
        emit Cancelled(id);
        _credit(rfp.requester, rfp.token, rfp.maxPrice);
    }

    function bid(Rfp calldata rfp, bytes32 seal) external {
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Posted);
        _requireBefore(_biddingEnd(rfp, job));
        require(_bids[id][msg.sender].status() == BidStatus.None, AlreadyBid(id, msg.sender));
        require(job.sealedCount < MAX_BIDS, TooManyBids(MAX_BIDS));
        job.sealedCount += 1;
        _bids[id][msg.sender] = sealBid(seal);
        emit BidSealed(id, msg.sender, seal);
        registry.lockBond(msg.sender, id, rfp.jobBond);
    }

    function reveal(Rfp calldata rfp, uint128 price, bytes32 salt) external {
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Posted);
        uint256 opensAt = _biddingEnd(rfp, job);
        _requireFrom(opensAt);
        _requireBefore(opensAt + rfp.revealTime);
        PackedBid sealedBid = _bids[id][msg.sender];
        require(sealedBid.matches(sealOf(id, msg.sender, price, salt)), BadReveal(id, msg.sender));
        require(price <= rfp.maxPrice, PriceTooHigh(price, rfp.maxPrice));
        uint16 weight = Auction.weightOf(registry.reputationOf(msg.sender));
        job.revealedCount += 1;
        _bids[id][msg.sender] = sealedBid.reveal(weight, price);
        emit BidRevealed(id, msg.sender, price, weight);
    }

    function forfeit(Rfp calldata rfp, address worker) external nonReentrant {
        JobId id = idOf(address(this), rfp);
        JobRecord storage job = _jobs[id];
        require(_bids[id][worker].status() == BidStatus.Sealed, WrongBid(id, worker));
        // A job leaves POSTED with sealed bids only when revealing is over.
        if (job.state == JobState.Posted) _requireFrom(_biddingEnd(rfp, job) + rfp.revealTime);
        _bids[id][worker] = forfeitedBid();
        emit BidForfeited(id, worker, rfp.jobBond);
        registry.takeBond(worker, id, rfp.jobBond);
        _burn(rfp.jobBond);
    }

    function award(Rfp calldata rfp, address[] calldata bidders) external {
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Posted);
        uint256 biddingEnd = _biddingEnd(rfp, job);
        uint256 revealEnd = biddingEnd + rfp.revealTime;
        _requireFrom(job.revealedCount == job.sealedCount ? biddingEnd : revealEnd);
        _requireBefore(revealEnd + rfp.executionTimeout);
        require(bidders.length > 0, BadRanking(0));
        uint128 price = _rank(id, job, bidders, 0, rfp.maxPrice);
        _award(id, rfp, job, bidders[0], price);
        for (uint256 i = 1; i < bidders.length; i++) {
            registry.releaseBond(bidders[i], id, rfp.jobBond);
        }
    }

    function awardQuote(Rfp calldata rfp, Quote calldata quote, bytes calldata signature, string calldata inputUri)
        external
        nonReentrant
        returns (JobId id)
    {
        require(rfp.kind == Kind.Quote, WrongKind(rfp.kind));
        id = _open(rfp, inputUri);
        require(quote.job == id && quote.price == rfp.maxPrice, QuoteMismatch());
        _requireBefore(quote.expiry);
        require(
            SignatureChecker.isValidSignatureNow(quote.worker, quoteDigest(quote), signature),
            BadQuoteSignature(quote.worker)
        );
        _assign(id, rfp, _jobs[id], quote.worker, rfp.maxPrice);
        registry.lockBond(quote.worker, id, rfp.jobBond);
        _take(rfp.requester, rfp.token, rfp.maxPrice);
    }

    function reassign(Rfp calldata rfp, address[] calldata bidders) external nonReentrant {
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Awarded);
        uint256 rank = 0;
        while (rank < bidders.length && bidders[rank] != msg.sender) rank++;
        require(rank < bidders.length, BadRanking(rank));
        _requireFrom(job.time + rank * _acceptTime);
        uint128 price = _rank(id, job, bidders, rank, rfp.maxPrice);
        _miss(id, rfp, job);
        _award(id, rfp, job, msg.sender, price);
        registry.lockBond(msg.sender, id, rfp.jobBond);
    }

    function expire(Rfp calldata rfp) external nonReentrant {
        JobId id = idOf(address(this), rfp);
        JobRecord storage job = _jobs[id];
        JobState state = job.state;
        require(state == JobState.Posted || state == JobState.Awarded, WrongState(id, state));
        _requireFrom(_expiry(rfp, job));
        if (state == JobState.Awarded) _miss(id, rfp, job);
        job.state = JobState.Expired;
        emit Expired(id);
        _credit(rfp.requester, rfp.token, rfp.maxPrice);
    }

    function releaseBid(Rfp calldata rfp, address worker) external {
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Expired);
        // An award, once made, released the bonds of all others.
        require(job.attempt == 0 && _bids[id][worker].status() == BidStatus.Revealed, WrongBid(id, worker));
        _bids[id][worker] = spentBid(0);
        emit BidReleased(id, worker);
        registry.releaseBond(worker, id, rfp.jobBond);
    }

    function markCommitted(JobId id, address worker) external returns (uint256 attempt) {
        _requireCaller(results);
        JobRecord storage job = _jobs[id];
        _requireState(id, job, JobState.Awarded);
        require(job.worker == worker, NotAllowed(worker, job.worker));
        _requireBefore(job.time);
        job.state = JobState.Committed;
        job.time = uint40(block.timestamp);
        return job.attempt;
    }

    function chargeVoid(JobId id, address challenger, uint128 amount) external {
        _requireCaller(results);
        JobRecord storage job = _jobs[id];
        _requireState(id, job, JobState.Committed);
        registry.takeBond(job.worker, id, amount);
        _credit(challenger, utilityToken, amount);
    }

    function settle(Rfp calldata rfp, Verdict calldata verdict) external nonReentrant {
        _requireCaller(results);
        (JobId id, JobRecord storage job) = _jobIn(rfp, JobState.Committed);
        address worker = job.worker;
        uint128 atStake = rfp.jobBond;
        bool slashed = verdict.slashed;
        if (verdict.voidItems > 0) {
            // The rest was taken when each item was voided.
            atStake -= verdict.costs;
            slashed = slashed || _strikesOut(rfp.modelId, id, worker);
        }
        EscrowSplit memory escrow;
        BondSplit memory bond;
        if (slashed) {
            job.state = JobState.Slashed;
            escrow.toRequester = rfp.maxPrice;
            bond = Settlement.slashed(atStake);
            registry.recordSlashed(worker, id, atStake);
        } else {
            job.state = JobState.Final;
            escrow = _stand(id, rfp, worker, atStake, verdict.voidItems);
        }
        emit Settled(id, worker, job.state, escrow.toWorker, escrow.toRequester, escrow.fee, bond.reward, bond.burned);
        _credit(worker, rfp.token, escrow.toWorker);
        _credit(rfp.requester, rfp.token, escrow.toRequester);
        _credit(_feeRecipient, rfp.token, escrow.fee);
        _credit(verdict.challenger, utilityToken, bond.reward);
        _burn(bond.burned);
    }

    // Views

    function jobIdOf(Rfp calldata rfp) external view returns (JobId) {
        return idOf(address(this), rfp);
    }

    function jobOf(JobId id) external view returns (Job memory) {
        JobRecord memory job = _jobs[id];
        return Job({
            worker: job.worker,
            state: job.state,
            attempt: job.attempt,
            sealedCount: job.sealedCount,
            revealedCount: job.revealedCount,
            spentCount: job.spentCount,
            time: job.time,
            rebate: _bids[id][job.worker].rebate()
        });
    }

    function bidOf(JobId id, address worker) external view returns (Bid memory) {
        return _bids[id][worker].unpack();
    }

    function sealOf(JobId id, address worker, uint128 price, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), id, worker, price, salt));
    }

    function quoteDigest(Quote calldata quote) public view returns (bytes32) {
        return
            _hashTypedDataV4(keccak256(abi.encode(QUOTE_TYPEHASH, quote.job, quote.worker, quote.price, quote.expiry)));
    }

    // Opening

    function _open(Rfp calldata rfp, string calldata inputUri) internal returns (JobId id) {
        id = idOf(address(this), rfp);
        _requireCaller(rfp.requester);
        JobState state = _jobs[id].state;
        require(state == JobState.None, WrongState(id, state));
        _checkTerms(rfp, inputUri);
        emit RfpPosted(id, rfp.requester, rfp.modelId, rfp, inputUri);
    }

    // Awarding

    /// Checks that `bidders` are all remaining bids in order; returns what the one at `rank` is to be paid: by the next
    /// score, or the maximum if none comes after it.
    function _rank(JobId id, JobRecord storage job, address[] calldata bidders, uint256 rank, uint128 maxPrice)
        internal
        view
        returns (uint128 price)
    {
        require(bidders.length == job.revealedCount - job.spentCount, BadRanking(bidders.length));
        price = maxPrice;
        Bid memory previous;
        for (uint256 i = 0; i < bidders.length; i++) {
            Bid memory current = _bids[id][bidders[i]].unpack();
            require(current.status == BidStatus.Revealed, BadRanking(i));
            require(i == 0 || Auction.precedes(previous, bidders[i - 1], current, bidders[i]), BadRanking(i));
            if (i == rank + 1) price = Auction.payment(maxPrice, previous.weight, Auction.scoreOf(current));
            previous = current;
        }
    }

    function _award(JobId id, Rfp calldata rfp, JobRecord storage job, address worker, uint128 price) internal {
        _bids[id][worker] = spentBid(rfp.maxPrice - price);
        job.spentCount += 1;
        _assign(id, rfp, job, worker, price);
    }

    function _assign(JobId id, Rfp calldata rfp, JobRecord storage job, address worker, uint128 price) internal {
        uint40 deadline = uint40(block.timestamp + rfp.executionTimeout);
        job.worker = worker;
        job.state = JobState.Awarded;
        job.attempt += 1;
        job.time = deadline;
        emit Awarded(id, worker, job.attempt, price, deadline);
    }

    /// The current worker missed its deadline: its bond goes to the requester in part and burns for the rest.
    function _miss(JobId id, Rfp calldata rfp, JobRecord storage job) internal {
        address worker = job.worker;
        BondSplit memory split = Settlement.missed(rfp.jobBond);
        emit AttemptMissed(id, worker, job.attempt, split.reward, split.burned);
        registry.recordMissed(worker, id, rfp.jobBond);
        _credit(rfp.requester, utilityToken, split.reward);
        _burn(split.burned);
    }

    // Settling

    /// A job that stands: divides its escrow, and releases what voids left of its bond.
    function _stand(JobId id, Rfp calldata rfp, address worker, uint128 atStake, uint32 voidItems)
        internal
        returns (EscrowSplit memory split)
    {
        uint128 price = rfp.maxPrice - _bids[id][worker].rebate();
        split = Settlement.stands(rfp.maxPrice, price, rfp.itemCount, voidItems, _feeBps);
        uint128 value = _inUtilityTokens(rfp.token, split.toWorker + split.fee);
        uint128 costs = rfp.jobBond - atStake;
        if (costs > 0) Settlement.share(split, price, Settlement.sharedCosts(costs, _policies[rfp.token].bondRate));
        registry.recordFinal(worker, id, atStake, value, voidItems > 0);
    }

    /// Whether its void items make this a job to slash: the third among the worker's last 100. An honest worker may be
    /// voided on a model that is void-only, so that strikes nobody out.
    function _strikesOut(bytes32 modelId, JobId id, address worker) internal returns (bool) {
        return !models.recordOf(modelId).voidOnly && registry.recordStrike(worker, id);
    }

    // Time

    function _biddingEnd(Rfp calldata rfp, JobRecord storage job) internal view returns (uint256) {
        return uint256(job.time) + rfp.biddingTime;
    }

    /// When an open job may expire.
    function _expiry(Rfp calldata rfp, JobRecord storage job) internal view returns (uint256) {
        uint256 remaining = job.revealedCount - job.spentCount;
        if (job.state == JobState.Awarded) return job.time + remaining * _acceptTime;
        uint256 biddingEnd = _biddingEnd(rfp, job);
        if (job.sealedCount == 0) return biddingEnd;
        if (remaining == 0) return biddingEnd + rfp.revealTime;
        return biddingEnd + rfp.revealTime + rfp.executionTimeout;
    }

    // INVARIANT: every act has one half-open span of time. Acts that exclude each other are never legal at once, but for
    // a late reassignment: it stays open until somebody lets the job expire, since a job done is better than a refund.
    function _requireFrom(uint256 opensAt) internal view {
        require(block.timestamp >= opensAt, TooEarly(block.timestamp, opensAt));
    }

    function _requireBefore(uint256 closedAt) internal view {
        require(block.timestamp < closedAt, TooLate(block.timestamp, closedAt));
    }

    // Guards

    function _jobIn(Rfp calldata rfp, JobState state) internal view returns (JobId id, JobRecord storage job) {
        id = idOf(address(this), rfp);
        job = _jobs[id];
        _requireState(id, job, state);
    }

    function _requireState(JobId id, JobRecord storage job, JobState state) internal view {
        require(job.state == state, WrongState(id, job.state));
    }
}
